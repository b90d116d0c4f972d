/// Runs the machine's own tools in tests: compilers, objcopy, servers.
#pragma once

#include <string>

namespace inquest::testkit {

/// Runs a shell command, output discarded unless it fails. True when it exits with 0.
bool run(const std::string& command);
/// Whether a program is in PATH.
bool has_tool(const std::string& name);
/// Writes a file, folders included.
void write_file(const std::string& path, const std::string& text);

/// A new empty folder, removed with all it holds at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace inquest::testkit
