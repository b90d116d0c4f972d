#include "capture/thread_places.h"

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

#include "capture/proc_files.h"

namespace inquest::capture {
namespace {

using testing::ElementsAre;

TEST(ThreadPlaces, ReadsWhatTheKernelSaysOfABlockedThread) {
  auto blocked = parse_blocked_thread("7 0x1 0x2 0x3 0x4 0x5 0x6 0x7ffc10 0x7f20\n");
  ASSERT_TRUE(blocked);
  EXPECT_EQ(blocked->system_call, 7u);
  EXPECT_THAT(blocked->arguments, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(blocked->sp, 0x7ffc10u);
  EXPECT_EQ(blocked->pc, 0x7f20u);
  auto faulting = parse_blocked_thread("-1 0x7ffc10 0x7f20\n");
  ASSERT_TRUE(faulting);
  EXPECT_FALSE(faulting->system_call);
  EXPECT_EQ(faulting->sp, 0x7ffc10u);
  EXPECT_FALSE(parse_blocked_thread("running\n"));
  EXPECT_FALSE(parse_blocked_thread(""));
  EXPECT_FALSE(parse_blocked_thread("7 0x1 0x2"));
  EXPECT_FALSE(parse_blocked_thread("-1 0xzz 0x1"));
}

#if defined(__x86_64__)
TEST(ThreadPlaces, FindsTheThreadPointersOfThisProcess) {
  std::atomic<pid_t> other = 0;
  std::atomic<uint64_t> pointer = 0;
  std::atomic<bool> done = false;
  auto own_pointer = [] { return reinterpret_cast<uint64_t>(__builtin_thread_pointer()); };
  std::thread thread([&] {
    pointer = own_pointer();
    other = static_cast<pid_t>(::syscall(SYS_gettid));
    done.wait(false);
  });
  while (other == 0) std::this_thread::yield();
  auto memory = ProcessMemory::open(::getpid());
  ASSERT_TRUE(memory);
  auto mappings = parse_memory_map(read_proc(::getpid(), "maps").value_or(""));
  std::vector<ThreadImage> threads{{.id = static_cast<pid_t>(::getpid())}, {.id = other}};
  for (auto& image : threads) image.general.resize(256);
  auto found = find_thread_pointers(*memory, mappings, threads);
  EXPECT_EQ(found[::getpid()], own_pointer());
  EXPECT_EQ(found[other], pointer);
  done = true;
  done.notify_all();
  thread.join();
}
#endif

}  // namespace
}  // namespace inquest::capture
