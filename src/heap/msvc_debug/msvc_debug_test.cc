// Debug blocks in an NT heap and in Wine's: their places, origins, and what overwrote their guards.
#include "heap/msvc_debug/msvc_debug.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testkit/windows_heap.h"

namespace inquest::heap::msvc_debug {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testkit::HeapMemory;

constexpr uint64_t kBase = 0x30000000, kTeb = kBase + 0x30000, kName = kBase + 0x38000;

class DebugHeap : public ::testing::TestWithParam<unsigned> {
 protected:
  static constexpr uint64_t kSizes[] = {1, 24, 100, 0, 64};
  DebugHeap() : memory(kBase, 0x40000, GetParam()) {
    memory.process_blocks(kTeb, {kBase});
    testkit::NtHeapBuilder heap(memory, testkit::NtHeapBuilder::ten, 0x1234567, 99);
    plain = heap.allocate(0x100);
    std::vector<uint64_t> at;
    for (uint64_t size : kSizes)
      at.push_back(heap.allocate(size + testkit::debug_overhead(GetParam())));
    heap.finish();
    memory.text(kName, "src\\widget.cpp");
    for (size_t i = 0; i < at.size(); ++i) {
      // Newest first, as the runtime links them.
      data.push_back(
          testkit::write_debug_block(memory, {.at = at[i],
                                              .size = kSizes[i],
                                              .next = i == 0 ? 0 : at[i - 1],
                                              .previous = i + 1 == at.size() ? 0 : at[i + 1],
                                              .file = i == 1 ? kName : 0,
                                              .line = i == 1 ? 42u : 0u,
                                              .use = i == 4 ? 0u : 1u,
                                              .request = static_cast<uint32_t>(70 + i)}));
    }
  }
  Heaps find() {
    process = {};
    process.os = snapshot::Os::windows;
    process.arch = GetParam() == 8 ? snapshot::Arch::x86_64 : snapshot::Arch::x86;
    process.threads = {{.id = 1, .tls = kTeb}};
    process.memory.add({kBase}, memory.bytes(), snapshot::Origin::dump, nullptr);
    return find_heaps({.process = process});
  }

  HeapMemory memory;
  snapshot::Snapshot process;
  uint64_t plain;
  std::vector<uint64_t> data;
};

TEST_P(DebugHeap, GivesTheProgramsBytesAndTheirOrigins) {
  Heaps heaps = find();
  for (const Fault& fault : heaps.faults) ADD_FAILURE() << fault.what;
  EXPECT_THAT(heaps.allocators[0].layout, HasSubstr("MSVC debug heap"));
  ASSERT_EQ(heaps.origins.size(), 5u);
  for (size_t i = 0; i < data.size(); ++i) {
    auto block = std::ranges::find(heaps.blocks, data[i], [](const Block& b) { return b.begin; });
    ASSERT_NE(block, heaps.blocks.end()) << i;
    EXPECT_EQ(block->size, kSizes[i]);
    EXPECT_EQ(block->state(), i == 4 ? State::cached : State::used);
    const Origin* origin = heaps.origin_of(*block);
    ASSERT_TRUE(origin);
    EXPECT_EQ(origin->request, 70 + i);
    EXPECT_EQ(heaps.origin_files[origin->file], i == 1 ? "src\\widget.cpp" : "");
    EXPECT_EQ(origin->line, i == 1 ? 42u : 0u);
  }
  const Block* other = heaps.block_at({plain});
  ASSERT_TRUE(other);
  EXPECT_EQ(other->size, 0x100u);
  EXPECT_FALSE(heaps.origin_of(*other));
}

TEST_P(DebugHeap, NamesWhatWroteBehindABlock) {
  memory.number(data[1] + kSizes[1], 0x41, 1);
  Heaps heaps = find();
  ASSERT_EQ(heaps.faults.size(), 1u);
  EXPECT_EQ(heaps.faults[0].at.value, data[1] + kSizes[1]);
  EXPECT_THAT(heaps.faults[0].what, AllOf(HasSubstr("guard bytes behind"), HasSubstr("request 71"),
                                          HasSubstr("widget.cpp:42")));
  EXPECT_EQ(heaps.faults[0].before->value, data[1]);
  EXPECT_EQ(heaps.faults[0].after->value, data[2]);
}

TEST_P(DebugHeap, NamesWhatWroteBeforeABlock) {
  memory.number(data[2] - 2, 0x4141, 2);
  Heaps heaps = find();
  ASSERT_EQ(heaps.faults.size(), 1u);
  EXPECT_EQ(heaps.faults[0].at.value, data[2] - 4);
  EXPECT_THAT(heaps.faults[0].what, HasSubstr("guard bytes before"));
  EXPECT_EQ(heaps.faults[0].after->value, data[2]);
}

TEST_P(DebugHeap, NamesADamagedSize) {
  memory.number(data[2] - (GetParam() == 8 ? 16 : 16), 0xffffff, 4);
  Heaps heaps = find();
  ASSERT_FALSE(heaps.faults.empty());
  EXPECT_THAT(heaps.faults[0].what, HasSubstr("is not a size"));
  EXPECT_EQ(heaps.block_at({data[2]})->size, kSizes[2]);
}

TEST_P(DebugHeap, NamesAWriteAfterFree) {
  memory.number(data[4] + 8, 0x99, 1);
  Heaps heaps = find();
  ASSERT_EQ(heaps.faults.size(), 1u);
  EXPECT_EQ(heaps.faults[0].at.value, data[4] + 8);
  EXPECT_THAT(heaps.faults[0].what, HasSubstr("written to after it was freed"));
}

/// A tree's node whose child points back, with a number that happens to be the room behind.
TEST_P(DebugHeap, TakesNoNodeForADebugBlock) {
  const unsigned word = GetParam();
  const uint64_t child = kName + 0x100, room = 0x100 - testkit::debug_overhead(word);
  memory.number(plain, child, word);
  memory.number(child + word, plain, word);
  memory.number(plain + (word == 8 ? 0x20 : 0x10), room, word);
  Heaps heaps = find();
  EXPECT_TRUE(heaps.faults.empty());
  const Block* block = heaps.block_at({plain});
  ASSERT_TRUE(block);
  EXPECT_EQ(block->begin, plain);
  EXPECT_FALSE(heaps.origin_of(*block));
}

INSTANTIATE_TEST_SUITE_P(, DebugHeap, ::testing::Values(4u, 8u),
                         [](const auto& info) { return info.param == 8 ? "x64" : "x86"; });

}  // namespace
}  // namespace inquest::heap::msvc_debug
