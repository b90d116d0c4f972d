#include "testkit/shell.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace inquest::testkit {

bool run(const std::string& command) {
  std::string quiet = "( " + command + " ) 2>&1";
  FILE* pipe = popen(quiet.c_str(), "r");
  if (!pipe) return false;
  std::string output;
  char chunk[4096];
  for (size_t n; (n = std::fread(chunk, 1, sizeof chunk, pipe)) > 0;) output.append(chunk, n);
  bool good = pclose(pipe) == 0;
  if (!good) std::fprintf(stderr, "%s failed:\n%s\n", command.c_str(), output.c_str());
  return good;
}

bool has_tool(const std::string& name) {
  return std::system(("command -v '" + name + "' >/dev/null 2>&1").c_str()) == 0;
}

void write_file(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

TemporaryFolder::TemporaryFolder() {
  const char* base = std::getenv("TMPDIR");
  std::string name = std::string(base && *base ? base : "/tmp") + "/inquest-test-XXXXXX";
  if (mkdtemp(name.data())) path_ = std::filesystem::canonical(name).string();
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  if (!path_.empty()) std::filesystem::remove_all(path_, error);
}

}  // namespace inquest::testkit
