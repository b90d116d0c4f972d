#include "cause/activity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cause/test_process.h"

namespace inquest::cause {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<answer::Frame> calls(std::initializer_list<const char*> functions) {
  std::vector<answer::Frame> frames;
  for (const char* function : functions) frames.push_back({.pc = {0x401000}, .function = function});
  return frames;
}

struct Stopped {
  snapshot::Snapshot process;
  snapshot::Thread thread;
  std::vector<std::byte> code;

  explicit Stopped(snapshot::Arch arch = snapshot::Arch::x86_64,
                   snapshot::Os os = snapshot::Os::linux) {
    process.arch = arch;
    process.os = os;
    thread.registers = snapshot::Registers(arch);
    thread.registers.set_pc({0x401002});
  }
  Stopped& behind(std::initializer_list<int> bytes) {
    for (int byte : bytes) code.push_back(static_cast<std::byte>(byte));
    thread.registers.set_pc(Address{0x401000} + code.size());
    process.memory.add({0x401000}, code, snapshot::Origin::dump, nullptr);
    return *this;
  }
  Stopped& in_call(int64_t number) {
    thread.system_call = number;
    return *this;
  }
  answer::Activity about(std::initializer_list<const char*> functions) const {
    return activity_of(process, thread, calls(functions));
  }
};

TEST(Activity, IsToldByTheNumberOfTheSystemCall) {
  EXPECT_EQ(Stopped().in_call(232).about({"epoll_wait", "loop"}).words, "waits for events");
  EXPECT_EQ(Stopped().in_call(232).about({""}).system_call, "epoll_wait");
  EXPECT_EQ(Stopped().in_call(0).about({"__GI___libc_read"}).kind, "data");
  EXPECT_EQ(Stopped().in_call(449).about({""}).kind, "wake-up");
  EXPECT_EQ(Stopped().in_call(9).about({"mmap"}).words, "is in the system call number 9");
  EXPECT_EQ(Stopped().in_call(-1).about({"walk"}).words, "runs");
  // Stopped once, and gone on: the number is that of going on.
  EXPECT_EQ(Stopped().in_call(219).about({"__GI___poll"}).words, "waits for events");
  EXPECT_EQ(Stopped().in_call(219).about({"futex_wait", "___pthread_cond_timedwait"}).kind,
            "condition");
}

TEST(Activity, AFutexIsWhatItsUserSays) {
  auto about = [](std::initializer_list<const char*> functions) {
    return Stopped().in_call(202).about(functions).words;
  };
  EXPECT_EQ(about({"futex_wait", "__lll_lock_wait", "___pthread_mutex_lock"}), "waits for a lock");
  EXPECT_EQ(about({"__futex_abstimed_wait_common64", "___pthread_cond_wait", "work"}),
            "waits for a condition");
  EXPECT_EQ(about({"__futex_abstimed_wait_common", "__new_sem_wait_slow64"}),
            "waits for a semaphore");
  EXPECT_EQ(about({"__futex_abstimed_wait_common", "__pthread_clockjoin_ex"}),
            "waits for the end of a thread");
  EXPECT_EQ(about({"syscall", "std::__atomic_wait"}), "waits to be woken");
}

TEST(Activity, WithoutANumberTheInstructionSaysWhetherItRuns) {
  EXPECT_EQ(Stopped().behind({0x0f, 0x05}).about({"poll"}).words, "waits for events");
  EXPECT_EQ(Stopped().behind({0x0f, 0x05}).about({"unheard_of"}).words, "is in a system call");
  EXPECT_EQ(Stopped().behind({0x89, 0xc0}).about({"poll"}).words, "runs");
  EXPECT_EQ(Stopped(snapshot::Arch::aarch64).behind({0x01, 0x00, 0x00, 0xd4}).about({"pause"}).kind,
            "signal");
  EXPECT_EQ(Stopped(snapshot::Arch::aarch64).behind({0x1f, 0x20, 0x03, 0xd5}).about({"f"}).kind,
            "running");
  // The code is not in the dump: nothing is claimed.
  EXPECT_EQ(Stopped().about({"poll"}).kind, "");
}

TEST(Activity, KnowsTheCallsOfWindows) {
  auto about = [](std::initializer_list<const char*> functions) {
    return Stopped(snapshot::Arch::x86, snapshot::Os::windows)
        .behind({0xff, 0xd2})
        .about(functions);
  };
  EXPECT_EQ(about({"NtWaitForAlertByThreadId", "RtlpEnterCriticalSectionContended"}).kind, "lock");
  EXPECT_EQ(about({"ZwDelayExecution", "SleepEx"}).words, "sleeps");
  EXPECT_EQ(about({"NtWaitForSingleObject"}).words, "waits to be woken");
  EXPECT_EQ(about({"NtQuerySomething"}).words, "is in the system call NtQuerySomething");
  // In ntdll, but who knows where: not running.
  auto frames = calls({""});
  frames[0].module = "NTDLL.dll";
  Stopped unnamed(snapshot::Arch::x86, snapshot::Os::windows);
  unnamed.behind({0xff, 0xd2});
  EXPECT_EQ(activity_of(unnamed.process, unnamed.thread, frames).kind, "");
}

TEST(Activity, SaysNothingOfTheOneThatCrashed) {
  Stopped stopped;
  stopped.in_call(-1).thread.crashed = true;
  EXPECT_EQ(stopped.about({"walk"}).kind, "");
}

TEST(Activity, TellsWhoRunsAndWhatForTheTimeWent) {
  std::vector<answer::Stack> stacks(4);
  for (uint32_t i = 0; i < 4; ++i) {
    stacks[i] = {.thread = 10 + i, .frames = calls({"spin"})};
    stacks[i].activity = Stopped().in_call(i < 2 ? -1 : 202).about({"futex_wait"});
  }
  stacks[0].cpu_seconds = 1;
  stacks[1].cpu_seconds = 3;
  auto evidence = activity_evidence(stacks);
  ASSERT_EQ(evidence.size(), 3u);
  EXPECT_EQ(evidence[0].what, "4 threads: 2 run, 2 wait to be woken");
  EXPECT_THAT(evidence[1].what,
              HasSubstr("thread 11 runs in spin; it has used 3.0 s of the 4.0 s"));
  EXPECT_EQ(evidence[1].thread, 11u);
  EXPECT_THAT(evidence[2].what, HasSubstr("thread 10 runs"));
  EXPECT_TRUE(activity_evidence({{.thread = 1}}).empty());
}

}  // namespace
}  // namespace inquest::cause
