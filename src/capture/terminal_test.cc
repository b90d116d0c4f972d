/// The program keeps its terminal: Ctrl-C, Ctrl-Z and the foreground work as without us.
#include <chrono>
#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/capture.h"
#include "testkit/process.h"

namespace inquest::capture {
namespace {

using ::testing::HasSubstr;

class Terminal : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testkit::can_ptrace()) GTEST_SKIP() << "ptrace is not permitted here";
  }
  /// Starts `run` of a program as the leader of a terminal of its own.
  void start(std::string_view source) {
    std::string path = folder_.file("program");
    ASSERT_EQ(testkit::compile_program(path, source), "");
    pid_ = ::forkpty(&terminal_, nullptr, nullptr, nullptr);
    if (pid_ != 0) return;
    auto outcome = run({path}, {.path = folder_.file("core")});
    ::_exit(!outcome ? 98 : outcome->signal ? 100 + *outcome->signal : *outcome->exit_status);
  }
  void TearDown() override {
    if (terminal_ >= 0) ::close(terminal_);
  }
  bool see(std::string_view text) {
    auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (seen_.find(text) == std::string::npos) {
      pollfd one{terminal_, POLLIN, 0};
      if (std::chrono::steady_clock::now() > until) return false;
      if (::poll(&one, 1, 100) <= 0) continue;
      char buffer[512];
      ssize_t got = ::read(terminal_, buffer, sizeof buffer);
      if (got <= 0) return false;
      seen_.append(buffer, static_cast<size_t>(got));
    }
    return true;
  }
  void type(std::string_view keys) {
    ASSERT_EQ(::write(terminal_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  int end() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  testkit::TemporaryFolder folder_;
  int terminal_ = -1;
  pid_t pid_ = 0;
  std::string seen_;
};

TEST_F(Terminal, ReadsItsInput) {
  start(R"(
    #include <stdio.h>
    #include <unistd.h>
    int main() { char line[80]; printf("terminal %d %d\n", isatty(0), tcgetpgrp(0) == getpgrp());
      fflush(stdout); return fgets(line, 80, stdin) && line[0] == 'y' ? 7 : 1; })");
  EXPECT_TRUE(see("terminal 1 1")) << seen_;
  type("yes\n");
  EXPECT_EQ(end(), 7);
}

TEST_F(Terminal, InterruptReachesTheProgramOnce) {
  start(R"(
    #include <signal.h>
    #include <stdio.h>
    #include <unistd.h>
    volatile int count;
    int main() { signal(SIGINT, [](int) { ++count; }); puts("ready"); fflush(stdout);
      while (!count) pause(); usleep(300000); return 10 + count; })");
  ASSERT_TRUE(see("ready"));
  type("\x03");
  EXPECT_EQ(end(), 11);
}

TEST_F(Terminal, QuitKeyIsADeathWithACore) {
  start(R"(
    #include <stdio.h>
    #include <unistd.h>
    int main() { puts("ready"); fflush(stdout); for (;;) pause(); })");
  ASSERT_TRUE(see("ready"));
  type("\x1c");
  EXPECT_EQ(end(), 100 + SIGQUIT);
  EXPECT_EQ(::access(folder_.file("core").c_str(), R_OK), 0);
}

}  // namespace
}  // namespace inquest::capture
