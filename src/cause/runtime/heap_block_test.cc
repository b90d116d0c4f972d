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

TEST(TextAround, FindsBothEnds) {
  auto process = heap(0x51);
  Address begin;
  EXPECT_EQ(text_around(process->memory(), Address{kHeap + 0x54}, begin), "Bartholomew");
  EXPECT_EQ(begin.value, kHeap + 0x50);
  EXPECT_EQ(text_around(process->memory(), Address{kHeap + 0x48 + 4}, begin), "");
}

}  // namespace
}  // namespace inquest::cause
