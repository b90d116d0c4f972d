#include "objects/references.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "objects/test_heap.h"

namespace inquest::objects {
namespace {

using heap::State;
using testing::ElementsAre;

TEST(References, FollowsPointersFromGlobals) {
  TestHeap heap;
  BlockId a = heap.next_block(), b = heap.next_block(), c = heap.next_block();
  heap.put(TestHeap::kData + 0x10, heap.address(a));
  heap.point(a, b, 3);
  References refs = heap.find();
  EXPECT_THAT(refs.from(a), ElementsAre(b));
  EXPECT_TRUE(refs.from(b).empty());
  EXPECT_TRUE(refs.reachable(a));
  EXPECT_TRUE(refs.reachable(b));
  EXPECT_EQ(refs.reach(c), Reach::lost);
  ASSERT_EQ(refs.roots().size(), 1u);
  EXPECT_EQ(refs.roots()[0].kind, RootKind::global);
  EXPECT_EQ(refs.roots()[0].at.value, TestHeap::kData + 0x10);
  EXPECT_EQ(refs.roots()[0].block, a);
  EXPECT_GT(refs.own_bytes(), 0u);
}

TEST(References, TakesOnlyUsedBlocks) {
  TestHeap heap;
  BlockId a = heap.next_block();
  BlockId cached = heap.block(80, 64, State::cached), freed = heap.block(160, 64, State::free);
  BlockId b = heap.block(240, 64), c = heap.block(320, 64);
  heap.put(TestHeap::kData, heap.address(a));
  heap.point(a, cached);
  heap.point(cached, b);
  heap.point(freed, c);
  References refs = heap.find();
  EXPECT_TRUE(refs.from(a).empty());
  EXPECT_TRUE(refs.from(cached).empty());
  EXPECT_EQ(refs.reach(cached), Reach::none);
  EXPECT_EQ(refs.reach(b), Reach::lost);
  EXPECT_EQ(refs.reach(c), Reach::lost);
}

TEST(References, ClearsTagsWhenTold) {
  TestHeap heap;
  BlockId a = heap.next_block(), b = heap.next_block(), low = heap.next_block();
  heap.put(TestHeap::kData, heap.address(a) | 0xabcd000000000000);
  heap.put(TestHeap::kData + 16, heap.address(low) | 3);
  heap.point(a, b);
  References blind = heap.find();
  EXPECT_EQ(blind.reach(a), Reach::lost);
  EXPECT_EQ(blind.reach(low), Reach::possible);
  EXPECT_EQ(blind.tagged().words, 1u);
  EXPECT_EQ(blind.tagged().mask, 0xabcd000000000000u);
  EXPECT_EQ(blind.tagged().to_lost_blocks, 1u);
  References refs = heap.find({.pointer_mask = 0xffff000000000007});
  for (BlockId block : {a, b, low}) EXPECT_TRUE(refs.reachable(block));
  EXPECT_EQ(refs.tagged().words, 0u);
}

TEST(References, ReadsBytesThatADumpNamesTooOftenNotForEver) {
  TestHeap heap;
  heap.next_block();
  constexpr uint64_t kShared = 0x7f4000000000, kSize = 1 << 20;
  heap.region(kShared, kSize, "");
  for (uint64_t i = 1; i <= 2000; ++i) heap.alias(kShared + 2 * i * kSize, kShared);
  References refs = heap.find();
  EXPECT_LE(refs.totals().scanned_bytes, 4u * (64 << 20));
  EXPECT_GT(refs.totals().missing_bytes, 1000u << 20);
}

TEST(References, CountsWhatTheDumpDoesNotHold) {
  TestHeap heap;
  heap.next_block();
  heap.next_block();
  heap.leave_out(TestHeap::kHeap);
  References refs = heap.find();
  EXPECT_EQ(refs.totals().missing_bytes, 128u);
}

TEST(References, EndsWhereTheDumpEndsWhateverARegionClaims) {
  TestHeap heap;
  BlockId a = heap.next_block();
  constexpr uint64_t kHuge = 0x800000000000, kClaimed = uint64_t{1} << 60;
  heap.region(kHuge, 4096, "");
  heap.put(kHuge + 8, heap.address(a));
  heap.process().regions.back().range.end = {kHuge + kClaimed};
  References refs = heap.find();
  EXPECT_TRUE(refs.reachable(a));
  EXPECT_GE(refs.totals().missing_bytes, kClaimed - 4096);
}

TEST(References, Reads32BitProcesses) {
  TestHeap heap(snapshot::Arch::x86);
  constexpr uint64_t kHeap32 = 0x8000000;
  heap.region(kHeap32, 0x1000, "[heap]");
  heap.heaps().arenas[0].segments = {{{kHeap32}, {kHeap32 + 0x1000}}};
  BlockId a = heap.next_block(), b = heap.next_block();
  heap.heaps().blocks[a].begin = kHeap32 + 8;
  heap.heaps().blocks[b].begin = kHeap32 + 0x108;
  heap.put(TestHeap::kData + 4, kHeap32 + 8);
  heap.point(a, b, 5);
  References refs = heap.find();
  EXPECT_TRUE(refs.reachable(b));
}

TEST(References, IsEmptyWithoutBlocks) {
  TestHeap heap;
  References refs = heap.find();
  EXPECT_TRUE(refs.leaks().empty());
  EXPECT_TRUE(refs.from(0).empty());
  EXPECT_EQ(refs.reach(0), Reach::none);
  EXPECT_EQ(refs.head_of(0), References::kNone);
}

}  // namespace
}  // namespace inquest::objects
