// The segment heap as testkit builds it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "heap/segment/segment_heap.h"
#include "testkit/windows_heap.h"

namespace inquest::heap::segment {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testkit::HeapMemory;

constexpr uint64_t kBase = 0x7f0000000, kTeb = kBase + 0x8000;

struct Keys {
  uint64_t key;
  uint32_t front;
};

class SegmentHeap : public ::testing::TestWithParam<Keys> {
 protected:
  SegmentHeap() : memory(kBase, 0x240000, 8), heap(memory, GetParam().key, GetParam().front) {
    memory.process_blocks(kTeb, {kBase});
    wide = heap.pages(3, 0x2f00);
    chunks = heap.variable(16, {24, 100, 0, 17, 4000, 31, 0, 9000, 1000});
    std::vector<uint64_t> sizes;
    for (uint64_t i = 0; i < 60; ++i) sizes.push_back(i % 3 == 0 ? 0 : 49 + i % 16);
    front = heap.front(1, 4, sizes);
    heap.free_pages(5);
    more = heap.front(4, 7, std::vector<uint64_t>(144, 112));
    tiny = heap.front(1, 1, {0, 16, 15, 3, 0, 1});
    heap.large(kBase + 0x220000, 0x12345);
    heap.large(kBase + 0x210000, 0xff00);
    heap.finish();
  }
  Heaps find(const std::string& version = "10.0.19045") {
    process = {};
    process.os = snapshot::Os::windows;
    process.arch = snapshot::Arch::x86_64;
    process.system.os_version = version;
    process.threads = {{.id = 1, .tls = kTeb}};
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
  testkit::SegmentHeapBuilder heap;
  snapshot::Snapshot process;
  uint64_t wide;
  std::vector<uint64_t> chunks, front, more, tiny;
};

TEST_P(SegmentHeap, GivesEveryBlock) {
  for (const char* version : {"10.0.19045", "10.0.22631", ""}) {
    Heaps heaps = find(version);
    ASSERT_EQ(heaps.allocators.size(), 1u);
    EXPECT_EQ(heaps.allocators[0].name, "segment heap");
    EXPECT_THAT(heaps.allocators[0].layout, HasSubstr("not yet confirmed on a dump"));
    for (const Fault& fault : heaps.faults)
      ADD_FAILURE() << std::hex << fault.at.value << fault.what;
    EXPECT_THAT(heaps.warnings, IsEmpty());
    EXPECT_EQ(of(heaps, State::used), heap.used);
    EXPECT_EQ(of(heaps, State::free), heap.free);
    EXPECT_EQ(heaps.arenas[0].name, "process heap");
  }
}

TEST_P(SegmentHeap, NamesADamagedChunkAndGoesOnBehindIt) {
  memory.number(chunks[4] - 16, 0x4141414141414141, 8);
  Heaps heaps = find();
  ASSERT_FALSE(heaps.faults.empty());
  EXPECT_EQ(heaps.faults[0].at.value, chunks[4] - 16);
  EXPECT_EQ(heaps.faults[0].before->value, chunks[3]);
  EXPECT_EQ(heaps.faults[0].after->value, chunks[5]);
  heap.used.erase(chunks[4]);
  EXPECT_EQ(of(heaps, State::used), heap.used);
}

TEST_P(SegmentHeap, NamesADamagedSubsegmentOfTheFrontEnd) {
  memory.number(more[0] / 0x1000 * 0x1000 + 0x28, 0x12345678, 4);
  Heaps heaps = find();
  ASSERT_EQ(heaps.faults.size(), 1u);
  EXPECT_THAT(heaps.faults[0].what, HasSubstr("do not fit into the subsegment"));
  EXPECT_TRUE(of(heaps, State::used).contains(front[1]));
}

TEST_P(SegmentHeap, SaysWhichBuildsFrontEndItDoesNotRead) {
  Heaps heaps = find("10.0.26100");
  ASSERT_EQ(heaps.warnings.size(), 1u) << heaps.warnings.back().what;
  EXPECT_THAT(heaps.warnings[0].what, HasSubstr("another layout"));
  EXPECT_TRUE(of(heaps, State::used).contains(chunks[0]));
}

TEST_P(SegmentHeap, NamesABrokenTreeOfLargeAllocations) {
  memory.number(kBase + 0x48, kBase + 0x8, 8);
  Heaps heaps = find();
  ASSERT_EQ(heaps.faults.size(), 1u);
  EXPECT_THAT(heaps.faults[0].what, HasSubstr("tree of large"));
  EXPECT_TRUE(of(heaps, State::used).contains(wide));
}

TEST_P(SegmentHeap, SurvivesAnything) {
  uint64_t state = 5, segment = heap.segment();
  auto random = [&] {
    return state = state * 6364136223846793005 + 1442695040888963407, state >> 20;
  };
  for (int i = 0; i < 300; ++i) {
    uint64_t at = (i % 3 == 0 ? kBase + random() % 0x1000 : segment + random() % 0x20000) / 4 * 4;
    uint64_t before = memory.number_at(at, 8);
    memory.number(at, i % 2 ? random() : kBase + random() % 0x240000, 8);
    Heaps heaps = find();
    for (const Block& block : heaps.blocks) ASSERT_LT(block.arena, heaps.arenas.size());
    memory.number(at, before, 8);
  }
}

INSTANTIATE_TEST_SUITE_P(, SegmentHeap,
                         ::testing::Values(Keys{0x123456789abcdef0, 0x5f3759df}, Keys{0, 0},
                                           Keys{~uint64_t{0}, 0x80000001}),
                         [](const auto& info) { return "key" + std::to_string(info.param.front); });

}  // namespace
}  // namespace inquest::heap::segment
