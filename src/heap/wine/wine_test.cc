// Wine's heaps of both layouts and widths, as testkit builds them. Real ones: cases/windows.
#include "heap/wine/wine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testkit/windows_heap.h"

namespace inquest::heap::wine {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testkit::HeapMemory;
using testkit::WineHeapBuilder;

constexpr uint64_t kBase = 0x20000000;
constexpr size_t kBytes = 0x40000;

struct Case {
  bool has_groups;
  unsigned word;
};

class WineHeap : public ::testing::TestWithParam<Case> {
 protected:
  WineHeap() : memory(kBase, kBytes, GetParam().word), heap(memory, GetParam().has_groups) {
    memory.process_blocks(kBase + kBytes - 0x10000, {kBase});
    const uint64_t unit = 2 * GetParam().word;
    small = heap.allocate(24);
    freed = heap.release(8 * unit - 8);
    wide = heap.allocate(5000);
    odd = heap.allocate(77);
    far = heap.allocate(0x11000);
    if (GetParam().has_groups) {
      std::vector<uint64_t> sizes;
      for (uint64_t i = 0; i < 31; ++i) sizes.push_back(i % 4 == 0 ? 0 : 17 + i);
      front = heap.group(64, sizes);
    }
    last_free = heap.release(4 * unit - 8);
    last = heap.allocate(100);
    large = heap.large(kBase + 0x20000, 0x3456);
    heap.finish();
  }
  Heaps find() {
    process = {};
    process.os = snapshot::Os::windows;
    process.arch = GetParam().word == 8 ? snapshot::Arch::x86_64 : snapshot::Arch::x86;
    process.threads = {{.id = 1, .tls = kBase + kBytes - 0x10000}};
    process.memory.add({kBase}, memory.bytes(), snapshot::Origin::dump, nullptr);
    return find_heaps({.process = process});
  }
  static testkit::BlockTruth of(const Heaps& heaps, State state) {
    testkit::BlockTruth found;
    for (const Block& block : heaps.blocks) {
      if (block.state() == state) found[block.begin] = block.size;
    }
    return found;
  }

  HeapMemory memory;
  WineHeapBuilder heap;
  snapshot::Snapshot process;
  uint64_t small, freed, wide, odd, far, last_free, last, large;
  std::vector<uint64_t> front;
};

TEST_P(WineHeap, GivesEveryBlock) {
  Heaps heaps = find();
  ASSERT_EQ(heaps.allocators.size(), 1u);
  EXPECT_EQ(heaps.allocators[0].name, "Wine heap");
  EXPECT_THAT(heaps.allocators[0].layout, HasSubstr(GetParam().has_groups ? "Wine 9" : "Wine 8"));
  for (const Fault& fault : heaps.faults) ADD_FAILURE() << std::hex << fault.at.value << fault.what;
  EXPECT_EQ(of(heaps, State::used), heap.used);
  EXPECT_EQ(of(heaps, State::free), heap.free);
  EXPECT_TRUE(heaps.block_at({large})->mapped);
}

TEST_P(WineHeap, NamesADamagedHeaderAndGoesOnBehindIt) {
  memory.number(wide - 8, 0x4141414141414141, 8);
  Heaps heaps = find();
  ASSERT_FALSE(heaps.faults.empty());
  EXPECT_EQ(heaps.faults[0].at.value, wide - 8);
  EXPECT_EQ(heaps.faults[0].before->value, freed);
  EXPECT_EQ(heaps.faults[0].after->value, odd);
  heap.used.erase(wide);
  EXPECT_EQ(of(heaps, State::used), heap.used);
}

TEST_P(WineHeap, NamesWhatFreeBlocksSay) {
  memory.pointer(freed + GetParam().word, kBase + 8);
  memory.pointer(last - 8 - GetParam().word, kBase);
  Heaps heaps = find();
  ASSERT_EQ(heaps.faults.size(), 2u);
  EXPECT_THAT(heaps.faults[0].what, HasSubstr("previous"));
  EXPECT_THAT(heaps.faults[1].what, HasSubstr("free block that ends here"));
  EXPECT_EQ(of(heaps, State::used), heap.used);
}

TEST_P(WineHeap, SurvivesAnything) {
  uint64_t state = 3;
  auto random = [&] {
    return state = state * 6364136223846793005 + 1442695040888963407, state >> 20;
  };
  for (int i = 0; i < 300; ++i) {
    uint64_t at = kBase + random() % 0x2000 / 4 * 4, before = memory.number_at(at, 8);
    memory.number(at, i % 2 ? random() : kBase + random() % kBytes, 8);
    Heaps heaps = find();
    for (const Block& block : heaps.blocks) ASSERT_LT(block.arena, heaps.arenas.size());
    memory.number(at, before, 8);
  }
}

INSTANTIATE_TEST_SUITE_P(, WineHeap,
                         ::testing::Values(Case{false, 8}, Case{false, 4}, Case{true, 8},
                                           Case{true, 4}),
                         [](const auto& info) {
                           return std::string(info.param.has_groups ? "nine" : "eight") +
                                  (info.param.word == 8 ? "_64" : "_32");
                         });

}  // namespace
}  // namespace inquest::heap::wine
