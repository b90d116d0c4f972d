/// Small programs for tests of capture: compiled from text, run, and looked at by other tools.
#pragma once

#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace inquest::testkit {

/// A folder of its own under the temporary folder, removed with everything in it at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

/// Compiles C++ text with the system's g++ to `path`. Returns the compiler's words when it fails,
/// otherwise nothing.
std::string compile_program(const std::string& path, std::string_view source,
                            std::string_view options = "-O0 -g -pthread");

struct CommandResult {
  int status = -1;     ///< as from waitpid
  std::string output;  ///< standard output and error
};
/// Runs a shell command to its end.
CommandResult run_command(const std::string& command);
bool has_tool(const std::string& name);

/// Starts a program in the background, with its output to `output_path`; kill() and waitpid() are
/// the caller's.
pid_t start_program(const std::vector<std::string>& argv, const std::string& output_path);
/// Waits until the file holds `text`; false after `seconds`.
bool wait_for_text(const std::string& path, std::string_view text, double seconds = 20);
std::string read_text(const std::string& path);

/// Whether this machine lets us trace a child; tests are skipped where it does not.
bool can_ptrace();

}  // namespace inquest::testkit
