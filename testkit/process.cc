#include "testkit/process.h"

#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <signal.h>
#include <sstream>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace inquest::testkit {

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "inquest-test-XXXXXX").string();
  if (::mkdtemp(pattern.data())) path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

std::string compile_program(const std::string& path, std::string_view source,
                            std::string_view options) {
  std::string source_path = path + ".cc";
  std::ofstream(source_path) << source;
  auto result =
      run_command(fmt::format("g++ -std=c++20 {} -o '{}' '{}'", options, path, source_path));
  return result.status == 0 ? "" : "the compiler says: " + result.output;
}

CommandResult run_command(const std::string& command) {
  CommandResult result;
  FILE* pipe = ::popen(("{ " + command + "\n} 2>&1 </dev/null").c_str(), "r");
  if (!pipe) return result;
  char buffer[4096];
  while (size_t got = ::fread(buffer, 1, sizeof buffer, pipe)) result.output.append(buffer, got);
  result.status = ::pclose(pipe);
  return result;
}

bool has_tool(const std::string& name) { return run_command("command -v " + name).status == 0; }

pid_t start_program(const std::vector<std::string>& argv, const std::string& output_path) {
  std::vector<char*> words;
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_t pid = ::fork();
  if (pid != 0) return pid;
  int out = ::open(output_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  ::execvp(words[0], words.data());
  ::_exit(127);
}

std::string read_text(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

bool wait_for_text(const std::string& path, std::string_view text, double seconds) {
  auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < until) {
    if (read_text(path).find(text) != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

bool can_ptrace() {
  pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  bool can = ::ptrace(PTRACE_SEIZE, child, nullptr, nullptr) == 0;
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, __WALL);
  return can;
}

}  // namespace inquest::testkit
