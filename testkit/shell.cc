#include "testkit/shell.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace inquest::testkit {

bool run(const std::string& command) {
  CommandResult result = run_command(command);
  if (result.status == 0) return true;
  std::fprintf(stderr, "%s failed:\n%s\n", command.c_str(), result.output.c_str());
  return false;
}

void write_file(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace inquest::testkit
