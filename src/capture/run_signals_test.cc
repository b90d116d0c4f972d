/// `run`: ends that are no death, and signals on their way to the program.
#include <errno.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <thread>
#include <unistd.h>

#include "capture/test_run.h"

namespace inquest::capture {
namespace {

namespace fs = std::filesystem;

TEST_F(Run, ExitStatusIsPassedOn) {
  auto outcome = run_it({"sh", "-c", "exit 3"});
  EXPECT_EQ(outcome.exit_status, 3);
  EXPECT_FALSE(outcome.signal);
  EXPECT_FALSE(outcome.core);
  EXPECT_FALSE(fs::exists(core_));
}

TEST_F(Run, NoCoreOfATermination) {
  auto outcome = run_it({"sh", "-c", "kill -TERM $$"});
  EXPECT_EQ(outcome.signal, SIGTERM);
  EXPECT_FALSE(outcome.core);
  outcome = run_it({"sh", "-c", "kill -KILL $$"});
  EXPECT_EQ(outcome.signal, SIGKILL);
  EXPECT_FALSE(outcome.core);
}

TEST_F(Run, IgnoredAndHandledSignalsAreNoDeath) {
  auto outcome = run_source(R"(
    #include <setjmp.h>
    #include <signal.h>
    #include <stdlib.h>
    sigjmp_buf back;
    int main() {
      signal(SIGQUIT, SIG_IGN); raise(SIGQUIT);
      signal(SIGSEGV, [](int) { siglongjmp(back, 1); });
      volatile int recovered = 0;
      for (int i = 0; i < 100; ++i)
        if (sigsetjmp(back, 1) == 0) *(volatile int*)nullptr = 1; else ++recovered;
      return recovered == 100 ? 42 : 1;
    })");
  EXPECT_EQ(outcome.exit_status, 42);
  EXPECT_FALSE(outcome.core);
  EXPECT_FALSE(fs::exists(core_));
}

TEST_F(Run, ForwardsASignalSentToUs) {
  std::string path = program(R"(
    #include <signal.h>
    #include <stdio.h>
    #include <unistd.h>
    int main(int, char** argv) {
      signal(SIGTERM, [](int) { _exit(9); });
      fclose(fopen(argv[1], "w"));
      for (;;) pause(); })");
  std::string ready = folder_.file("ready");
  std::thread sender([&] {
    while (!fs::exists(ready)) ::usleep(1000);
    ::kill(::getpid(), SIGTERM);
  });
  auto outcome = run_it({path, ready});
  sender.join();
  EXPECT_EQ(outcome.exit_status, 9);
  EXPECT_FALSE(outcome.core);
}

TEST_F(Run, SignalToTheWholeGroupArrivesOnce) {
  // setsid: a group of our own with the program in it, so that the signal reaches no one else.
  std::string path = program(R"(
    #include <signal.h>
    #include <stdio.h>
    #include <unistd.h>
    volatile int count, sender;
    int main(int, char** argv) {
      struct sigaction a{}; a.sa_flags = SA_SIGINFO;
      a.sa_sigaction = [](int, siginfo_t* i, void*) { ++count; sender = i->si_pid; };
      sigaction(SIGTERM, &a, nullptr);
      fclose(fopen(argv[1], "w"));
      for (int i = 0; i < 50; ++i) usleep(10000);
      return count * 10 + (sender == atoi(argv[2])); })",
                             "-O0 -g -include stdlib.h");
  std::string ready = folder_.file("ready");
  std::string us = std::to_string(::getpid());
  pid_t group = ::fork();
  if (group == 0) {
    ::setsid();
    auto outcome = run({path, ready, us}, options_);
    ::_exit(outcome ? outcome->exit_status.value_or(99) : 98);
  }
  while (!fs::exists(ready)) ::usleep(1000);
  ::kill(-group, SIGTERM);
  int status = 0;
  ::waitpid(group, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 11);
}

TEST_F(Run, StoppedAndContinued) {
  auto outcome = run_it({"sh", "-c", "(sleep 0.2; kill -CONT $$) & kill -STOP $$; exit 5"});
  EXPECT_EQ(outcome.exit_status, 5);
}

}  // namespace
}  // namespace inquest::capture
