/// `run`: every way to die, and the core that is left.
#include <errno.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "capture/test_run.h"

namespace inquest::capture {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

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

}  // namespace
}  // namespace inquest::capture
