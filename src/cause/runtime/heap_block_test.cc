#include "cause/runtime/heap_block.h"

#include <gtest/gtest.h>

#include "cause/test_process.h"

namespace inquest::cause {
namespace {

constexpr uint64_t kHeap = 0x600000;

std::unique_ptr<Process> heap(uint64_t second_size) {
  ByteBuilder bytes;
  bytes.u64(0).u64(0x41).zeros(0x30);
  bytes.u64(0).u64(second_size).text("Bartholomew").zeros(0x50 - 16 - 11);
  bytes.u64(0).u64(0x1000 - 0x90 + 1);
  DeadProcess process;
  process.map(kHeap, bytes.take(), "rw-", "[heap]");
  return process.open();
}

TEST(HeapBlock, IsFoundAroundAnInteriorPointer) {
  auto process = heap(0x51);
  auto block = block_around(*process, Address{kHeap + 0x40 + 16 + 24});
  ASSERT_TRUE(block);
  EXPECT_EQ(block->memory.value, kHeap + 0x50);
  EXPECT_EQ(block->size, 0x50u);
}

TEST(HeapBlock, IsNotFoundBehindABrokenSize) {
  for (uint64_t size : {uint64_t{0}, uint64_t{0x18}, uint64_t{0x4141414141414141}}) {
    EXPECT_FALSE(block_around(*heap(size), Address{kHeap + 0x100}));
  }
}

TEST(BlockStart, IsKnownByTheBlocksBefore) {
  // The size word of the second block is damaged; that a block begins there is known all the same.
  for (uint64_t size : {uint64_t{0x51}, uint64_t{0}, uint64_t{0x4141414141414141}}) {
    auto start = block_start(*heap(size), Address{kHeap + 0x50});
    ASSERT_TRUE(start);
    EXPECT_TRUE(start->is_block);
    ASSERT_TRUE(start->before);
    EXPECT_EQ(start->before->memory.value, kHeap + 0x10);
    EXPECT_EQ(start->before->size, 0x40u);
  }
  auto first = block_start(*heap(0x51), Address{kHeap + 0x10});
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->is_block);
  EXPECT_FALSE(first->before);
}

TEST(BlockStart, IsNoneInsideOfABlock) {
  auto start = block_start(*heap(0x51), Address{kHeap + 0x60});
  ASSERT_TRUE(start);
  EXPECT_FALSE(start->is_block);
  EXPECT_FALSE(block_start(*heap(0x18), Address{kHeap + 0xa0})) << "behind the damage";
  EXPECT_FALSE(block_start(*heap(0x51), Address{0x1000})) << "outside of the heap";
}

TEST(GlobalPointer, IsLookedForInTheProgramsData) {
  ByteBuilder data;
  data.zeros(64).u64(kHeap + 0x10);
  DeadProcess process;
  process.map(0x404000, data.take(), "rw-", "/bin/patient")
      .module(0x404000, 0x1000, "/bin/patient");
  auto opened = process.open();
  EXPECT_EQ(global_pointer_to(*opened, Address{kHeap + 0x10}), "") << "nothing has a name there";
  EXPECT_EQ(global_pointer_to(*opened, Address{kHeap}), "");
}

TEST(TextAround, FindsBothEnds) {
  auto process = heap(0x51);
  Address begin;
  EXPECT_EQ(text_around(process->memory(), Address{kHeap + 0x54}, begin), "Bartholomew");
  EXPECT_EQ(begin.value, kHeap + 0x50);
  EXPECT_EQ(text_around(process->memory(), Address{kHeap + 0x48 + 4}, begin), "");
}

}  // namespace
}  // namespace inquest::cause
