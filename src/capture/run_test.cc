#include <errno.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <thread>
#include <unistd.h>

#include "capture/capture.h"
#include "testkit/process.h"

namespace inquest::capture {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

class Run : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testkit::can_ptrace()) GTEST_SKIP() << "ptrace is not permitted here";
  }
  std::string program(std::string_view source, std::string_view options = "-O0 -g -pthread") {
    std::string path = folder_.file("program");
    std::string complaint = testkit::compile_program(path, source, options);
    EXPECT_EQ(complaint, "");
    return path;
  }
  RunOutcome run_it(const std::vector<std::string>& argv) {
    auto outcome = run(argv, options_);
    EXPECT_TRUE(outcome) << outcome.error().line();
    return outcome ? *std::move(outcome) : RunOutcome{};
  }
  RunOutcome run_source(std::string_view source, std::string_view options = "-O0 -g -pthread") {
    return run_it({program(source, options)});
  }
  /// What gdb says to `command` about the core.
  std::string gdb(const std::string& command, const std::string& core) {
    return testkit::run_command("gdb -nx -batch -ex 'set pagination off' " + command + " '" +
                                folder_.file("program") + "' '" + core + "'")
        .output;
  }
  std::string gdb(const std::string& command) { return gdb(command, core_); }
  std::string readelf(const std::string& what) {
    return testkit::run_command("readelf -W " + what + " '" + core_ + "'").output;
  }

  testkit::TemporaryFolder folder_;
  std::string core_ = folder_.file("core");
  CoreOptions options_{.path = core_};
};

TEST_F(Run, SegmentationFault) {
  auto outcome = run_source(R"(
    struct Guild { int rank[11]; int level; };
    __attribute__((noinline)) int level_of(Guild* guild) { return guild->level; }
    int main(int argc, char**) { return level_of(argc > 5 ? new Guild : nullptr); })");
  EXPECT_EQ(outcome.signal, SIGSEGV);
  ASSERT_TRUE(outcome.core);
  EXPECT_EQ(outcome.core->path, core_);
  EXPECT_EQ(outcome.core->bytes, fs::file_size(core_));
  EXPECT_GT(outcome.core->stopped.count(), 0);
  EXPECT_FALSE(fs::exists(core_ + ".part"));
  EXPECT_THAT(outcome.core->warnings, ::testing::IsEmpty());

  auto notes = readelf("-n");
  for (auto name : {"NT_PRSTATUS", "NT_PRPSINFO", "NT_SIGINFO", "NT_AUXV", "NT_FILE", "NT_FPREGSET",
                    "INQUEST"}) {
    EXPECT_THAT(notes, HasSubstr(name));
  }
  EXPECT_THAT(readelf("-a"), Not(HasSubstr("Warning")));
  auto text = gdb("-ex bt -ex 'p $_siginfo._sifields._sigfault.si_addr' -ex 'info auxv'");
  EXPECT_THAT(text, HasSubstr("SIGSEGV"));
  EXPECT_THAT(text, ContainsRegex("#0 .*level_of \\(guild=0x0\\)"));
  EXPECT_THAT(text, ContainsRegex("#1 .*main"));
  EXPECT_THAT(text, HasSubstr("(void *) 0x2c"));
  EXPECT_THAT(text, HasSubstr("AT_SYSINFO_EHDR"));
}

TEST_F(Run, AbortWithFourThreads) {
  auto outcome = run_source(R"(
    #include <pthread.h>
    #include <stdlib.h>
    #include <unistd.h>
    #include <thread>
    #include <atomic>
    std::atomic<int> ready;
    void wait_for_work(const char* name) {
      pthread_setname_np(pthread_self(), name); ++ready; for (;;) pause();
    }
    void spin() { pthread_setname_np(pthread_self(), "spin\"ner"); ++ready; for (;;) {} }
    int main() {
      std::thread a(wait_for_work, "worker one"), b(wait_for_work, "worker two"), c(spin);
      while (ready != 3) {}
      abort();
    })");
  EXPECT_EQ(outcome.signal, SIGABRT);
  ASSERT_TRUE(outcome.core);
  EXPECT_EQ(outcome.core->threads, 4u);
  auto text = gdb("-ex 'info threads' -ex 'thread apply all bt'");
  EXPECT_THAT(text, ContainsRegex("\\* 1 +Thread.* abort|\\* 1 +Thread.*pthread_kill"));
  EXPECT_THAT(text, HasSubstr("wait_for_work"));
  EXPECT_THAT(text, HasSubstr("spin ()"));
  EXPECT_THAT(text, HasSubstr("abort ()"));
  auto raw = testkit::run_command("strings '" + core_ + "' | grep '\"threads\":'").output;
  EXPECT_THAT(raw, HasSubstr("\"worker one\""));
  EXPECT_THAT(raw, HasSubstr("\"spin\\\"ner\""));
  EXPECT_THAT(raw, HasSubstr(folder_.file("program")));
  if (!testkit::has_tool("eu-stack")) return;
  auto stacks = testkit::run_command("eu-stack --core '" + core_ + "'").output;
  EXPECT_THAT(stacks, HasSubstr("abort"));
  EXPECT_THAT(stacks, HasSubstr("wait_for_work"));
}

TEST_F(Run, HandlerThatReraises) {
  auto outcome = run_source(R"(
    #include <signal.h>
    void handler(int n) { signal(n, SIG_DFL); raise(n); }
    int main() { signal(SIGSEGV, handler); *(volatile int*)0x1234 = 1; })");
  EXPECT_EQ(outcome.signal, SIGSEGV);
  ASSERT_TRUE(outcome.core);
  // The signal is blocked in its handler; it comes when the handler returns, at the fault.
  auto text = gdb("-ex bt -ex 'p $_siginfo._sifields._sigfault.si_addr' -ex 'p $_siginfo.si_code'");
  EXPECT_THAT(text, ContainsRegex("#0 .*main"));
  EXPECT_THAT(text, HasSubstr("0x1234"));
  EXPECT_THAT(text, HasSubstr("= 1\n"));
}

TEST_F(Run, HandlerThatReraisesAtOnce) {
  auto outcome = run_source(R"(
    #include <signal.h>
    void handler(int n) { signal(n, SIG_DFL); raise(n); }
    int main() { struct sigaction a{}; a.sa_handler = handler; a.sa_flags = SA_NODEFER;
      sigaction(SIGSEGV, &a, nullptr); *(volatile int*)0x1234 = 1; })");
  EXPECT_EQ(outcome.signal, SIGSEGV);
  ASSERT_TRUE(outcome.core);
  auto text = gdb("-ex bt");
  EXPECT_THAT(text, HasSubstr("handler"));
  EXPECT_THAT(text, HasSubstr("signal handler called"));
  EXPECT_THAT(text, HasSubstr("main"));
  auto raw = testkit::run_command("strings '" + core_ + "' | grep earlier_signals").output;
  EXPECT_THAT(raw, HasSubstr("\"signal\":11,\"code\":1,\"address\":\"0x1234\""));
}

TEST_F(Run, HandlerThatReturnsToTheDefault) {
  // The handler only resets itself; the faulting instruction runs again.
  auto outcome = run_source(R"(
    #include <signal.h>
    int main() { struct sigaction a{}; a.sa_handler = [](int) {}; a.sa_flags = SA_RESETHAND;
      sigaction(SIGSEGV, &a, nullptr); *(volatile int*)0x1234 = 1; })");
  EXPECT_EQ(outcome.signal, SIGSEGV);
  ASSERT_TRUE(outcome.core);
  EXPECT_THAT(gdb("-ex 'p $_siginfo._sifields._sigfault.si_addr'"), HasSubstr("0x1234"));
}

TEST_F(Run, FaultWhileTheSignalIsBlocked) {
  auto outcome = run_source(R"(
    #include <signal.h>
    int main() { signal(SIGSEGV, [](int) {}); sigset_t s; sigemptyset(&s); sigaddset(&s, SIGSEGV);
      sigprocmask(SIG_BLOCK, &s, nullptr); *(volatile int*)0x1234 = 1; })");
  EXPECT_EQ(outcome.signal, SIGSEGV);
  ASSERT_TRUE(outcome.core);
  EXPECT_THAT(gdb("-ex 'p $_siginfo._sifields._sigfault.si_addr' -ex bt"), HasSubstr("0x1234"));
}

TEST_F(Run, StackOverflow) {
  auto outcome = run_source(R"(
    int deeper(int n) { volatile char room[1000]; room[n % 1000] = 1; return deeper(n + 1) + room[0]; }
    int main() { return deeper(0); })");
  EXPECT_EQ(outcome.signal, SIGSEGV);
  ASSERT_TRUE(outcome.core);
  EXPECT_THAT(gdb("-ex 'bt 3' -ex 'bt -1'"), ContainsRegex("#[0-9]{4} .*main"));
}

TEST_F(Run, StackOverflowUnderAHandlerWithoutItsOwnStack) {
  // The kernel cannot build the handler's frame, and kills without another stop: caught at the
  // exit.
  auto outcome = run_source(R"(
    #include <signal.h>
    #include <thread>
    #include <unistd.h>
    int deeper(int n) { volatile char room[1000]; room[n % 1000] = 1; return deeper(n + 1) + room[0]; }
    int main() { signal(SIGSEGV, [](int) { _exit(0); });
      std::thread other([] { for (;;) pause(); });
      std::thread third([] { for (;;) pause(); });
      usleep(20000);
      return deeper(0); })");
  EXPECT_EQ(outcome.signal, SIGSEGV);
  ASSERT_TRUE(outcome.core);
  EXPECT_EQ(outcome.core->threads, 3u);
  auto text = gdb("-ex 'bt 3' -ex 'p $_siginfo.si_code' -ex 'thread 2' -ex bt");
  EXPECT_THAT(text, ContainsRegex("#0 .*deeper"));
  EXPECT_THAT(text, HasSubstr("pause"));
  EXPECT_THAT(text, ContainsRegex("\\$1 = [12]\n"));  // SEGV_MAPERR or _ACCERR: the real reason
}

TEST_F(Run, SeccompKill) {
  auto outcome = run_source(R"(
    #include <linux/filter.h>
    #include <linux/seccomp.h>
    #include <stddef.h>
    #include <sys/prctl.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    int main() {
      sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
      sock_fprog program{4, code};
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return 77;
      syscall(SYS_getppid);
    })");
  if (outcome.exit_status == 77) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(outcome.signal, SIGSYS);
  ASSERT_TRUE(outcome.core);
  EXPECT_THAT(gdb("-ex bt"), HasSubstr("main"));
}

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

TEST_F(Run, ScriptThatExecs) {
  std::string path = program("int main() { __builtin_trap(); }");
  auto outcome = run_it({"sh", "-c", "true; exec '" + path + "'"});
  EXPECT_EQ(outcome.signal, SIGILL);
  ASSERT_TRUE(outcome.core);
  EXPECT_THAT(gdb("-ex bt"), ContainsRegex("#0 .*main"));
}

TEST_F(Run, ExecFromAnotherThread) {
  auto outcome = run_source(R"(
    #include <thread>
    #include <unistd.h>
    int main(int argc, char** argv) {
      if (argc > 1) __builtin_trap();
      std::thread([&] { execl(argv[0], argv[0], "again", nullptr); }).join(); })");
  EXPECT_EQ(outcome.signal, SIGILL);
  ASSERT_TRUE(outcome.core);
  EXPECT_EQ(outcome.core->threads, 1u);
}

TEST_F(Run, LeaderThatEndedFirst) {
  auto outcome = run_source(R"(
    #include <pthread.h>
    #include <thread>
    #include <unistd.h>
    void die() { usleep(50000); __builtin_trap(); }
    int main() { std::thread(die).detach(); pthread_exit(nullptr); })");
  EXPECT_EQ(outcome.signal, SIGILL);
  ASSERT_TRUE(outcome.core) << (outcome.core_error ? outcome.core_error->line() : "");
  EXPECT_THAT(gdb("-ex bt"), HasSubstr("die"));
}

TEST_F(Run, ChildrenAreLetGo) {
  std::string path = program("int main() { __builtin_trap(); }");
  auto outcome = run_it({"sh", "-c", "ulimit -c 0; '" + path + "'; exit $?"});
  EXPECT_EQ(outcome.exit_status, 128 + SIGILL);
  EXPECT_FALSE(outcome.core);
  ASSERT_EQ(outcome.warnings.size(), 1u);
  EXPECT_THAT(outcome.warnings[0].what, HasSubstr("child"));
}

TEST_F(Run, ChildrenAreFollowedOnDemand) {
  std::string path = program("int main() { __builtin_trap(); }");
  options_.follow_children = true;
  auto outcome = run_it({"sh", "-c", "'" + path + "'; '" + path + "'; exit 4"});
  EXPECT_EQ(outcome.exit_status, 4);
  EXPECT_FALSE(outcome.core);
  ASSERT_EQ(outcome.child_cores.size(), 2u);
  for (const auto& core : outcome.child_cores) {
    EXPECT_EQ(core.path, core_ + "." + std::to_string(core.pid));
    EXPECT_THAT(gdb("-ex bt", core.path), ContainsRegex("#0 .*main"));
  }
}

TEST_F(Run, NameOfTheCore) {
  options_.path = folder_.file("%e-%p.core");
  auto outcome = run_source("int main() { __builtin_trap(); }");
  ASSERT_TRUE(outcome.core);
  EXPECT_EQ(outcome.core->path,
            folder_.file("program-" + std::to_string(outcome.core->pid) + ".core"));
}

TEST_F(Run, ThreadStorm) {
  // Threads begin and end all the time, also while the core is written.
  auto outcome = run_source(R"(
    #include <stdlib.h>
    #include <thread>
    #include <unistd.h>
    void storm() { for (;;) std::thread([] { usleep(10); }).join(); }
    int main() { for (int i = 0; i < 8; ++i) std::thread(storm).detach(); usleep(200000); abort(); })");
  EXPECT_EQ(outcome.signal, SIGABRT);
  ASSERT_TRUE(outcome.core);
  EXPECT_GE(outcome.core->threads, 9u);
  EXPECT_THAT(gdb("-ex 'thread apply all bt'"), HasSubstr("storm"));
  EXPECT_THAT(outcome.warnings, ::testing::IsEmpty());
}

TEST_F(Run, TwoThreadsDieAtOnce) {
  auto outcome = run_source(R"(
    #include <atomic>
    #include <thread>
    std::atomic<int> ready;
    void die() { ++ready; while (ready != 4) {} *(volatile int*)nullptr = 1; }
    int main() { std::thread a(die), b(die), c(die), d(die); a.join(); })");
  EXPECT_EQ(outcome.signal, SIGSEGV);
  ASSERT_TRUE(outcome.core);
  EXPECT_EQ(outcome.core->threads, 5u);
}

TEST_F(Run, NoSuchProgram) {
  auto outcome = run({"/no/such/program"}, options_);
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().line(), HasSubstr("/no/such/program"));
  EXPECT_THAT(outcome.error().line(), HasSubstr("No such file"));
  EXPECT_FALSE(run({}, options_));
}

TEST_F(Run, SmallCoreOnASmallDisk) {
  std::string disk = folder_.file("disk");
  fs::create_directory(disk);
  if (testkit::run_command("mount -t tmpfs -o size=8m none '" + disk + "'").status != 0) {
    GTEST_SKIP() << "no right to mount a small disk";
  }
  options_.path = disk + "/core";
  auto outcome = run_source(R"(
    #include <stdlib.h>
    #include <string.h>
    #include <thread>
    #include <unistd.h>
    void wait_for_work(char* p) { for (;;) pause(); }
    __attribute__((noinline)) void deeper(int n, char* p) { if (n == 0) abort(); deeper(n - 1, p); asm(""); }
    int main() { char* p = (char*)malloc(100 << 20); memset(p, 7, 100 << 20);
      std::thread(wait_for_work, p).detach(); usleep(50000); deeper(20, p); })");
  EXPECT_EQ(outcome.signal, SIGABRT);
  EXPECT_TRUE(outcome.core) << (outcome.core_error ? outcome.core_error->line() : "");
  if (outcome.core) {
    EXPECT_THAT(outcome.core->warnings, ::testing::SizeIs(1));
    auto text = gdb("-ex 'thread apply all bt'", options_.path);
    EXPECT_THAT(text, HasSubstr("wait_for_work"));
    EXPECT_THAT(text, ContainsRegex("deeper \\(n=20.*\n.*main"));
  }
  testkit::run_command("umount '" + disk + "'");
}

TEST_F(Run, CoreThatCannotBeWritten) {
  options_.path = "/no/such/folder/core";
  auto outcome = run_source("int main() { __builtin_trap(); }");
  EXPECT_EQ(outcome.signal, SIGILL);
  EXPECT_FALSE(outcome.core);
  ASSERT_TRUE(outcome.core_error);
  EXPECT_THAT(outcome.core_error->line(), HasSubstr("/no/such/folder/core"));
}

}  // namespace
}  // namespace inquest::capture
