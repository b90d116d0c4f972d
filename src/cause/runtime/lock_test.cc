#include "cause/runtime/lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cause/detectors/detectors.h"
#include "cause/test_process.h"

namespace inquest::cause {
namespace {

constexpr uint64_t kCode = 0x401000, kLocks = 0x500000, kStacks = 0x700000;

/// Code that ends in `mov eax, 202; syscall`; the threads stand behind it.
std::vector<std::byte> futex_code() {
  ByteBuilder code;
  code.zeros(0x100);
  for (unsigned b : {0xb8u, 0xcau, 0u, 0u, 0u, 0x0fu, 0x05u, 0xc3u}) {
    code.u8(static_cast<uint8_t>(b));
  }
  return code.take();
}
constexpr uint64_t kBehindSyscall = kCode + 0x100 + 7;

struct MutexWords {
  uint32_t lock, owner, users = 1, kind = 0;
};

/// Thread i (tid 4000 + i) waits for mutex waits[i], or is not in a system call at all when < 0.
std::unique_ptr<Process> patient(std::vector<MutexWords> mutexes, std::vector<int> waits,
                                 uint64_t timeout = 0) {
  ByteBuilder locks;
  for (const auto& m : mutexes) {
    locks.u32(m.lock).u32(0).u32(m.owner).u32(m.users).u32(m.kind).zeros(44);
  }
  DeadProcess process;
  process.map(kCode, futex_code(), "r-x").map(kLocks, locks.take());
  process.map(kStacks, std::vector<std::byte>(0x10000));
  for (size_t i = 0; i < waits.size(); ++i) {
    uint32_t tid = 4000 + static_cast<uint32_t>(i);
    uint64_t sp = kStacks + 0x1000 * i + 0x800;
    if (waits[i] < 0) {
      process.thread(tid, "worker", {{"rip", kCode + 16}, {"rsp", sp}});
    } else {
      process.thread(tid, "waiter",
                     {{"rip", kBehindSyscall},
                      {"rsp", sp},
                      {"rsi", 0x80},
                      {"rdx", 2},
                      {"rdi", kLocks + 64 * static_cast<uint64_t>(waits[i])},
                      {"r10", timeout}});
    }
  }
  return process.open();
}

TEST(Deadlock, OfTwoThreads) {
  auto process = patient({{2, 4001}, {2, 4000}}, {0, 1});
  auto findings = detect_deadlock(*process);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].kind, answer::Kind::deadlock);
  EXPECT_GT(findings[0].confidence, 0.9);
  EXPECT_THAT(findings[0].summary, testing::HasSubstr("deadlock of 2 threads"));
  EXPECT_EQ(findings[0].evidence.size(), 4u);
}

TEST(Deadlock, OfAThreadWithItself) {
  auto process = patient({{2, 4000}}, {0});
  ASSERT_EQ(detect_deadlock(*process).size(), 1u);
}

TEST(Deadlock, ThreeThreadsAndAQueueBehindThem) {
  auto process = patient({{2, 4001}, {2, 4002}, {2, 4000}}, {0, 1, 2, 0, 0});
  auto findings = detect_deadlock(*process);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].evidence.back().what, testing::HasSubstr("2 more thread"));
}

TEST(Deadlock, WithATimeoutIsDoubtful) {
  auto process = patient({{2, 4001}, {2, 4000}}, {0, 1}, 0x7000);
  auto findings = detect_deadlock(*process);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_LT(findings[0].confidence, 0.7);
}

TEST(Deadlock, NoneWhenTheHolderWorks) {
  EXPECT_TRUE(detect_deadlock(*patient({{2, 4002}, {2, 4000}}, {0, 1, -1})).empty());
}

TEST(Deadlock, NoneWhenTheLockIsFreeAlready) {
  EXPECT_TRUE(detect_deadlock(*patient({{0, 0}, {2, 4000}}, {0, 1})).empty());
}

TEST(Deadlock, NoneWhenTheOwnerIsNoThread) {
  EXPECT_TRUE(detect_deadlock(*patient({{2, 77}, {2, 4000}}, {0, 1})).empty());
}

TEST(Deadlock, NoneFromARecursiveMutexOfOnesOwn) {
  EXPECT_TRUE(detect_deadlock(*patient({{2, 4000, 1, 1}}, {0})).empty());
}

TEST(Deadlock, WriterAndMutex) {
  // Thread 0 writes under the rwlock and waits for the mutex; thread 1 has it and wants to read.
  ByteBuilder locks;
  locks.u32(2).u32(0).u32(4001).u32(1).u32(0).zeros(44);
  locks.u32(2 | 1 | 8).u32(0).u32(3).u32(1).u32(0).u32(0).u32(4000).zeros(36);
  DeadProcess builder;
  builder.map(kCode, futex_code(), "r-x").map(kLocks, locks.take());
  builder.map(kStacks, std::vector<std::byte>(0x10000));
  builder.thread(4000, "reload",
                 {{"rip", kBehindSyscall},
                  {"rsp", kStacks + 0x800},
                  {"rsi", 0x80},
                  {"rdx", 2},
                  {"rdi", kLocks},
                  {"r10", 0}});
  builder.thread(4001, "log",
                 {{"rip", kBehindSyscall},
                  {"rsp", kStacks + 0x1800},
                  {"rsi", 0x80},
                  {"rdx", 3},
                  {"rdi", kLocks + 64 + 8},
                  {"r10", 0}});
  auto findings = detect_deadlock(*builder.open());
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].summary, testing::HasSubstr("read-write lock"));
}

constexpr uint64_t kDescriptors = 0x600000;

/// Threads 4000 and 4001; 4000 waits for a word of the memory at kDescriptors, 4001 for the mutex.
std::unique_ptr<Process> waiting_for(uint64_t word, uint64_t expected, std::vector<std::byte> there,
                                     uint32_t owner_of_mutex) {
  ByteBuilder locks;
  locks.u32(2).u32(0).u32(owner_of_mutex).u32(1).u32(0).zeros(44);
  DeadProcess builder;
  builder.map(kCode, futex_code(), "r-x").map(kLocks, locks.take());
  builder.map(kDescriptors, std::move(there)).map(kStacks, std::vector<std::byte>(0x10000));
  builder.thread(4000, "stopper",
                 {{"rip", kBehindSyscall},
                  {"rsp", kStacks + 0x800},
                  {"fs", kDescriptors + 0x4000},
                  {"rsi", 0x80},
                  {"rdx", expected},
                  {"rdi", word},
                  {"r10", 0}});
  builder.thread(4001, "worker",
                 {{"rip", kBehindSyscall},
                  {"rsp", kStacks + 0x1800},
                  {"fs", kDescriptors + 0x1000},
                  {"rsi", 0x80},
                  {"rdx", 2},
                  {"rdi", kLocks},
                  {"r10", 0}});
  return builder.open();
}

TEST(Deadlock, OfAJoinUnderALock) {
  // struct pthread of thread 4001, whose `tid` the kernel clears at its end.
  ByteBuilder descriptors;
  descriptors.zeros(0x1000 + 0x2d0).u32(4001).zeros(0x100);
  const auto there = descriptors.take();
  const uint64_t tid = kDescriptors + 0x1000 + 0x2d0;
  auto findings = detect_deadlock(*waiting_for(tid, 4001, there, 4000));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].summary, testing::HasSubstr("the end of thread `worker` (4001)"));
  EXPECT_THAT(findings[0].next.at(0), testing::HasSubstr("join"));
  // The mutex is held by nobody who waits for the worker; or the word is no thread's number.
  EXPECT_TRUE(detect_deadlock(*waiting_for(tid, 4001, there, 4001))[0].summary.find("end of") ==
              std::string::npos);
  EXPECT_TRUE(detect_deadlock(*waiting_for(tid + 4, 0, there, 4000)).empty());
}

TEST(Deadlock, OfAStreamAndAMutex) {
  ByteBuilder stream;
  stream.zeros(0x80).u32(2).u32(1).u64(kDescriptors + 0x1000).zeros(64);
  auto findings = detect_deadlock(*waiting_for(kDescriptors + 0x80, 2, stream.take(), 4000));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].summary, testing::HasSubstr("lock of the stream"));
  // Its owner is no thread's descriptor.
  ByteBuilder other;
  other.zeros(0x80).u32(2).u32(1).u64(kDescriptors + 0x2000).zeros(64);
  EXPECT_TRUE(detect_deadlock(*waiting_for(kDescriptors + 0x80, 2, other.take(), 4000)).empty());
}

}  // namespace
}  // namespace inquest::cause
