// The NT heap of each version and width, as testkit builds it: every block, and every damage named.
#include "heap/nt/nt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testkit/windows_heap.h"

namespace inquest::heap::nt {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testkit::HeapMemory;
using testkit::NtHeapBuilder;

constexpr uint64_t kBase = 0x10000000;
constexpr size_t kBytes = 0x80000;

struct Case {
  NtHeapBuilder::Version version;
  unsigned word;
  uint64_t encoding;
  uint32_t lfh_key;
};

class NtHeap : public ::testing::TestWithParam<Case> {
 protected:
  NtHeap()
      : memory(kBase, kBytes, GetParam().word),
        heap(memory, GetParam().version, GetParam().encoding, GetParam().lfh_key) {
    memory.process_blocks(kBase + kBytes - 0x10000, {kBase});
    small = heap.allocate(24);
    empty = heap.allocate(0);
    freed = heap.release(0x80);
    wide = heap.allocate(5000);
    odd = heap.allocate(0x123);
    heap.hole(0x3000);
    behind = heap.allocate(64);
    std::vector<uint64_t> sizes;
    for (uint64_t i = 0; i < 100; ++i) sizes.push_back(i % 3 == 0 ? 0 : 33 + i % 16);
    front = heap.subsegment(GetParam().word == 8 ? 4 : 8, sizes);
    // A block of 0x80 that was asked for with less than six bits of unused bytes can say.
    roomy = heap.subsegment(0x10, {0, 1, 100, 0, 9, 0, 7});
    last = heap.allocate(400);
    large = heap.large(0x2345);
    heap.finish();
  }

  Heaps find(const std::function<std::optional<uint64_t>(std::string_view, std::string_view,
                                                         std::string_view)>& field_offset = {}) {
    process = {};
    process.os = snapshot::Os::windows;
    process.arch = GetParam().word == 8 ? snapshot::Arch::x86_64 : snapshot::Arch::x86;
    process.system.os_version = "10.0.19045";
    process.threads = {{.id = 1, .tls = kBase + kBytes - 0x10000}};
    process.modules = {{.path = "C:\\Windows\\System32\\ntdll.dll", .range = {{0x1000}, {0x2000}}}};
    process.memory.add({kBase}, memory.bytes(), snapshot::Origin::dump, nullptr);
    return find_heaps({.process = process, .field_offset = field_offset});
  }
  static testkit::BlockTruth of(const Heaps& heaps, State state) {
    testkit::BlockTruth found;
    for (const Block& block : heaps.blocks) {
      if (block.state() == state) found[block.begin] = block.size;
    }
    return found;
  }
  /// Finds again after `bytes` at `at` became `value`; the blocks apart from `lost` must be there.
  Heaps damage(uint64_t at, uint64_t value, unsigned bytes, const std::vector<uint64_t>& lost) {
    uint64_t before = memory.number_at(at, bytes);
    memory.number(at, value, bytes);
    Heaps heaps = find();
    auto used = of(heaps, State::used);
    for (auto [begin, size] : heap.used) {
      if (std::ranges::find(lost, begin) != lost.end()) continue;
      EXPECT_TRUE(used.contains(begin) && used[begin] == size) << std::hex << begin;
    }
    memory.number(at, before, bytes);
    return heaps;
  }
  uint64_t code(uint64_t block) const {
    return heap.header(block) + (GetParam().word == 8 ? 8 : 0);
  }

  HeapMemory memory;
  NtHeapBuilder heap;
  snapshot::Snapshot process;
  uint64_t small, empty, freed, wide, odd, behind, last, large;
  std::vector<uint64_t> front, roomy;
};

TEST_P(NtHeap, GivesEveryBlock) {
  Heaps heaps = find();
  ASSERT_EQ(heaps.allocators.size(), 1u);
  EXPECT_EQ(heaps.allocators[0].name, "NT heap");
  EXPECT_EQ(heaps.allocators[0].module, 0u);
  constexpr const char* kVersions[] = {"Vista to 7", "8 and 8.1", "10 before 1709",
                                       "10 since 1709"};
  EXPECT_THAT(heaps.allocators[0].layout,
              AllOf(HasSubstr(kVersions[GetParam().version]),
                    HasSubstr("not yet confirmed on a dump of this Windows build (10.0.19045)")));
  for (const Fault& fault : heaps.faults) ADD_FAILURE() << std::hex << fault.at.value << fault.what;
  EXPECT_EQ(of(heaps, State::used), heap.used);
  EXPECT_EQ(of(heaps, State::free), heap.free);
  EXPECT_THAT(of(heaps, State::cached), IsEmpty());
  ASSERT_EQ(heaps.arenas.size(), 1u);
  EXPECT_EQ(heaps.arenas[0].name, "process heap");
  EXPECT_EQ(heaps.arenas[0].segments.size(), 2u);
  EXPECT_TRUE(heaps.block_at({large})->mapped);
  EXPECT_FALSE(heaps.block_at({small})->mapped);
}

TEST_P(NtHeap, NeedsNoPeb) {
  memory.process_blocks(kBase + kBytes - 0x10000, {0});
  Heaps heaps = find();
  EXPECT_EQ(of(heaps, State::used), heap.used);
  ASSERT_EQ(heaps.arenas.size(), 1u);
  EXPECT_EQ(heaps.arenas[0].name, "heap 0x10000000");
}

TEST_P(NtHeap, NamesADamagedHeaderAndGoesOnBehindIt) {
  Heaps heaps = damage(code(wide), 0x4141414141414141, 8, {wide});
  ASSERT_FALSE(heaps.faults.empty());
  EXPECT_EQ(heaps.faults[0].at.value, heap.header(wide));
  // Bytes that all are the same are no encoded header, and have a right sum.
  EXPECT_THAT(heaps.faults[0].what, HasSubstr("leads out of the segment"));
  EXPECT_EQ(heaps.faults[0].before->value, freed);
  EXPECT_EQ(heaps.faults[0].after->value, odd);
}

TEST_P(NtHeap, ChecksTheSumOfAHeader) {
  Heaps heaps = damage(code(wide), memory.number_at(code(wide), 4) ^ 0x0400, 4, {wide});
  ASSERT_FALSE(heaps.faults.empty());
  EXPECT_EQ(heaps.faults[0].at.value, heap.header(wide));
  EXPECT_THAT(heaps.faults[0].what, HasSubstr("check sum"));
}

TEST_P(NtHeap, NamesAWrongPreviousSize) {
  Heaps heaps = damage(code(odd) + 4, memory.number_at(code(odd) + 4, 2) ^ 1, 2, {});
  ASSERT_EQ(heaps.faults.size(), 1u);
  EXPECT_EQ(heaps.faults[0].at.value, heap.header(odd));
  EXPECT_THAT(heaps.faults[0].what, HasSubstr("the one before it"));
}

TEST_P(NtHeap, NamesABrokenFreeList) {
  Heaps heaps = damage(freed, kBase + 0x40, GetParam().word, {});
  ASSERT_FALSE(heaps.faults.empty());
  EXPECT_EQ(heaps.faults[0].at.value, freed);
  EXPECT_THAT(heaps.faults[0].what, HasSubstr("does not point back"));
}

TEST_P(NtHeap, NamesADamagedHeaderOfTheFrontEnd) {
  Heaps heaps = damage(code(front[50]), memory.number_at(code(front[50]), 4) ^ 0x1234, 4, {});
  ASSERT_EQ(heaps.faults.size(), 1u);
  EXPECT_EQ(heaps.faults[0].at.value, heap.header(front[50]));
  EXPECT_EQ(heaps.faults[0].before->value, front[49]);
}

TEST_P(NtHeap, SaysWhichFreedBlocksWaitForTheirThread) {
  if (GetParam().version == NtHeapBuilder::seven) return;  // the header is all that there is
  Heaps heaps = damage(code(front[50]) + 7, 0x80, 1, {front[50]});
  EXPECT_THAT(heaps.faults, IsEmpty());
  EXPECT_EQ(of(heaps, State::cached).size(), 1u);
  EXPECT_TRUE(of(heaps, State::cached).contains(front[50]));
}

TEST_P(NtHeap, ReadsABlockWhoseSizesAreNotPossible) {
  Heaps heaps = damage(code(small) + 7, 0x3e, 1, {small});
  ASSERT_EQ(heaps.faults.size(), 1u);
  EXPECT_THAT(heaps.faults[0].what, HasSubstr("unused bytes"));
  EXPECT_TRUE(of(heaps, State::used).contains(small));
}

TEST_P(NtHeap, EndsWhateverABrokenListSays) {
  uint64_t segments = GetParam().version == NtHeapBuilder::seven
                          ? (GetParam().word == 8 ? 0x128 : 0xa8)
                          : (GetParam().word == 8 ? 0x120 : 0xa4);
  Heaps heaps = damage(kBase + segments, kBase + segments + 8, GetParam().word, {});
  ASSERT_FALSE(heaps.faults.empty());
  EXPECT_THAT(heaps.faults[0].what, HasSubstr("the list of segments"));
}

TEST_P(NtHeap, TakesOffsetsFromDebugTypes) {
  size_t asked = 0;
  Heaps heaps = find([&](std::string_view module, std::string_view type, std::string_view field) {
    ++asked;
    EXPECT_EQ(module, "ntdll");
    std::optional<uint64_t> offset;
    if (type == "_HEAP" && field == "Encoding") offset = GetParam().word == 8 ? 0x80 : 0x50;
    return offset;
  });
  EXPECT_GT(asked, 10u);
  EXPECT_EQ(of(heaps, State::used), heap.used);
  EXPECT_THAT(heaps.allocators[0].layout, HasSubstr("by ntdll's debug types"));
}

/// Every field, overwritten at random: no crash, no endless walk, whole parts stay.
TEST_P(NtHeap, SurvivesAnything) {
  uint64_t state = 7;
  auto random = [&] {
    return state = state * 6364136223846793005 + 1442695040888963407, state >> 20;
  };
  for (int i = 0; i < 300; ++i) {
    uint64_t at = kBase + random() % 0x4000 / 4 * 4, before = memory.number_at(at, 8);
    memory.number(at, i % 2 ? random() : kBase + random() % kBytes, 8);
    Heaps heaps = find();
    for (const Block& block : heaps.blocks) ASSERT_LT(block.arena, heaps.arenas.size());
    memory.number(at, before, 8);
  }
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (auto version :
       {NtHeapBuilder::seven, NtHeapBuilder::eight, NtHeapBuilder::early_ten, NtHeapBuilder::ten}) {
    for (unsigned word : {4u, 8u}) {
      all.push_back({version, word, 0x0000a3a81e1b0ce8, 0x5f3759df});
      all.push_back({version, word, 0x00000000000000ff, 0x00000001});
      all.push_back({version, word, 0x0000ffffffefffff, 0xfedcba98});
    }
  }
  return all;
}
std::string name_of(const ::testing::TestParamInfo<Case>& info) {
  const char* kNames[] = {"seven", "eight", "early_ten", "ten"};
  return std::string(kNames[info.param.version]) + (info.param.word == 8 ? "_64_" : "_32_") +
         std::to_string(info.param.lfh_key);
}
INSTANTIATE_TEST_SUITE_P(, NtHeap, ::testing::ValuesIn(cases()), name_of);

}  // namespace
}  // namespace inquest::heap::nt
