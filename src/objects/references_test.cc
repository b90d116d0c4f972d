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

TEST(References, KnowsEachKindOfRoot) {
  TestHeap heap;
  BlockId in_register = heap.next_block(), on_stack = heap.next_block(),
          red_zone = heap.next_block(), below_stack = heap.next_block(),
          in_data = heap.next_block(), in_constants = heap.next_block(),
          in_code = heap.next_block(), in_tls = heap.next_block(), in_mapping = heap.next_block(),
          in_vector = heap.next_block();
  heap.thread().registers.set(snapshot::x64::rbx, heap.address(in_register));
  heap.thread().vector_state.resize(32);
  uint64_t value = heap.address(in_vector);
  std::memcpy(heap.thread().vector_state.data() + 16, &value, 8);
  heap.put(TestHeap::kSp + 0x100, heap.address(on_stack));
  heap.put(TestHeap::kSp - 128, heap.address(red_zone));
  heap.put(TestHeap::kSp - 136, heap.address(below_stack));
  heap.put(TestHeap::kData, heap.address(in_data));
  heap.put(TestHeap::kConstants, heap.address(in_constants));
  heap.put(TestHeap::kCode, heap.address(in_code));
  heap.put(TestHeap::kTls + 0x1ff8, heap.address(in_tls));
  heap.put(TestHeap::kMapping, heap.address(in_mapping));
  References refs = heap.find();
  auto kind = [&](BlockId block) {
    for (const Root& root : refs.roots()) {
      if (root.block == block) return std::string(name(root.kind));
    }
    return std::string("none");
  };
  EXPECT_EQ(kind(in_register), "registers");
  EXPECT_EQ(kind(in_vector), "registers");
  EXPECT_EQ(kind(on_stack), "stack");
  EXPECT_EQ(kind(red_zone), "stack");
  EXPECT_EQ(kind(below_stack), "none");
  EXPECT_EQ(kind(in_data), "global");
  EXPECT_EQ(kind(in_constants), "global");
  EXPECT_EQ(kind(in_code), "none");
  EXPECT_EQ(kind(in_tls), "thread-local");
  EXPECT_EQ(kind(in_mapping), "mapping");
  EXPECT_EQ(refs.roots().back().thread, 0u);
  EXPECT_EQ(refs.totals().definite.blocks, 2u);
  EXPECT_EQ(refs.totals().roots[static_cast<size_t>(RootKind::stack)].pointers, 2u);

  References without = heap.find({.mappings_are_roots = false});
  EXPECT_EQ(without.reach(in_mapping), Reach::lost);
  EXPECT_TRUE(without.reachable(in_tls));
}

TEST(References, ReadsTebAndPebOfWindowsProcesses) {
  TestHeap heap;
  BlockId in_teb = heap.next_block(), in_peb = heap.next_block(), in_mapping = heap.next_block(),
          under_stack = heap.next_block();
  heap.process().os = snapshot::Os::windows;
  heap.put(TestHeap::kTls + 0x2000 + 0x58, heap.address(in_teb));  // ThreadLocalStoragePointer
  heap.put(TestHeap::kTls + 0x2000 + 0x60, TestHeap::kMapping + 0x1000);
  heap.put(TestHeap::kMapping + 0x1040, heap.address(in_peb));
  heap.put(TestHeap::kMapping + 0x4000, heap.address(in_mapping));
  heap.put(TestHeap::kStack + 0x100, heap.address(under_stack));
  References refs = heap.find({.mappings_are_roots = false});
  EXPECT_TRUE(refs.reachable(in_teb));
  EXPECT_TRUE(refs.reachable(in_peb));
  EXPECT_FALSE(refs.reachable(in_mapping));
  EXPECT_FALSE(refs.reachable(under_stack));
  EXPECT_TRUE(heap.find().reachable(in_mapping));
}

TEST(References, VectorRegistersAreStaleBehindASystemCall) {
  TestHeap heap;
  BlockId a = heap.next_block();
  heap.thread().vector_state.resize(16);
  uint64_t value = heap.address(a);
  std::memcpy(heap.thread().vector_state.data() + 8, &value, 8);
  heap.thread().registers.set_pc({TestHeap::kCode + 0x12});
  EXPECT_TRUE(heap.find().reachable(a));
  heap.put(TestHeap::kCode + 0x10, 0x050f);
  EXPECT_EQ(heap.find().reach(a), Reach::lost);
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

TEST(References, TellsPossibleFromDefinite) {
  TestHeap heap;
  BlockId middle = heap.next_block(), child = heap.next_block(), lost = heap.next_block(),
          held = heap.next_block();
  heap.put(TestHeap::kData, heap.address(middle) + 20);
  heap.point(middle, child);
  heap.point(lost, held, 0, 9);
  References refs = heap.find();
  EXPECT_EQ(refs.reach(middle), Reach::possible);
  EXPECT_EQ(refs.reach(child), Reach::possible);
  EXPECT_EQ(refs.reach(lost), Reach::lost);
  EXPECT_EQ(refs.reach(held), Reach::lost);
  ASSERT_EQ(refs.leaks().size(), 2u);
  for (const LeakGroup& group : refs.leaks()) {
    EXPECT_EQ(group.blocks, 2u);
    EXPECT_EQ(group.bytes, 128u);
    EXPECT_EQ(group.possible, group.head == middle);
  }
  EXPECT_EQ(refs.head_of(child), middle);
  EXPECT_EQ(refs.head_of(held), lost);
  EXPECT_EQ(refs.totals().possible.blocks, 2u);
  EXPECT_EQ(refs.totals().indirect.blocks, 1u);
}

// In allocators without headers, a full vector's end is the begin of the next block.
TEST(References, TheEndOfAFullVectorIsDoubtful) {
  TestHeap heap;
  BlockId numbers = heap.block(0, 64), behind = heap.block(64, 64), more = heap.block(128, 64),
          beside = heap.block(192, 64), other = heap.block(320, 64);
  // { begin, end, end of room }, full; one with room left; two pointers that are no vector.
  heap.put(TestHeap::kData, heap.address(numbers));
  heap.put(TestHeap::kData + 8, heap.address(behind));
  heap.put(TestHeap::kData + 16, heap.address(behind));
  heap.put(TestHeap::kData + 64, heap.address(more));
  heap.put(TestHeap::kData + 72, heap.address(more) + 16);
  heap.put(TestHeap::kData + 80, heap.address(beside));
  heap.put(TestHeap::kData + 160, heap.address(other));
  References refs = heap.find();
  EXPECT_TRUE(refs.reachable(numbers));
  EXPECT_EQ(refs.reach(behind), Reach::possible);
  EXPECT_TRUE(refs.reachable(more));
  EXPECT_EQ(refs.reach(beside), Reach::possible);
  EXPECT_TRUE(refs.reachable(other));

  heap.put(TestHeap::kData + 80, 0);
  heap.put(TestHeap::kData + 400, heap.address(more));
  heap.put(TestHeap::kData + 408, heap.address(beside));
  heap.put(TestHeap::kData + 512, heap.address(behind));
  References again = heap.find();
  EXPECT_TRUE(again.reachable(beside));
  EXPECT_TRUE(again.reachable(behind));
}

TEST(References, AReachableBlocksDoubtfulPointerMakesPossible) {
  TestHeap heap;
  BlockId a = heap.next_block(), b = heap.next_block(), c = heap.next_block();
  heap.put(TestHeap::kData, heap.address(a));
  heap.point(a, b, 0, 24);
  heap.point(a, c, 1, 24);
  heap.point(a, c, 2);
  References refs = heap.find();
  EXPECT_EQ(refs.reach(b), Reach::possible);
  EXPECT_TRUE(refs.reachable(c));
  EXPECT_THAT(refs.from(a), ElementsAre(b, c));
}

TEST(References, ExceptsPointersIntoTheMiddleMadeByRule) {
  TestHeap heap;
  BlockId array = heap.block(0, 120), base = heap.block(160, 64), text = heap.block(240, 56),
          length = heap.block(320, 72), not_array = heap.block(400, 120);
  // Five elements of 22 bytes behind their count: 118 bytes asked for.
  heap.put(heap.address(array), 5);
  // A virtual table of each base.
  heap.put(TestHeap::kConstants + 0x10, TestHeap::kCode + 0x100);
  heap.put(TestHeap::kConstants + 0x40, TestHeap::kCode + 0x200);
  heap.put(heap.address(base), TestHeap::kConstants + 0x10);
  heap.put(heap.address(base) + 16, TestHeap::kConstants + 0x40);
  heap.put(heap.address(text), 10);
  heap.put(heap.address(text) + 8, 28);
  heap.put(heap.address(length), 60);
  heap.put(heap.address(not_array), 5000);
  heap.put(TestHeap::kData, heap.address(array) + 8);
  heap.put(TestHeap::kData + 8, heap.address(base) + 16);
  heap.put(TestHeap::kData + 16, heap.address(text) + 24);
  heap.put(TestHeap::kData + 24, heap.address(length) + 8);
  heap.put(TestHeap::kData + 32, heap.address(not_array) + 8);
  References refs = heap.find();
  ASSERT_EQ(refs.roots().size(), 5u);
  EXPECT_EQ(refs.roots()[0].into, Into::array);
  EXPECT_EQ(refs.roots()[1].into, Into::base_class);
  EXPECT_EQ(refs.roots()[2].into, Into::string);
  EXPECT_EQ(refs.roots()[3].into, Into::length);
  EXPECT_EQ(refs.roots()[4].into, Into::middle);
  for (BlockId block : {array, base, text, length}) EXPECT_TRUE(refs.reachable(block)) << block;
  EXPECT_EQ(refs.reach(not_array), Reach::possible);
}

/// Puts a word of 8 bytes that says how long a text is, how much room it has, and how wide these
/// are.
void put_sds(TestHeap& heap, BlockId block, uint64_t words, std::string_view text) {
  heap.put(heap.address(block), words);
  uint64_t head = words >> 16 == 1 ? 3 : 1, first = words & (head == 3 ? 0xffffff : 0xff);
  std::string bytes(32, '\0');
  std::memcpy(bytes.data(), &first, head);
  std::memcpy(bytes.data() + head, text.data(), text.size());
  for (uint64_t i = 0; i < bytes.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    heap.put(heap.address(block) + i, word);
  }
}

TEST(References, KnowsTheStringsOfRedis) {
  TestHeap heap;
  BlockId wide = heap.block(0, 32), narrow = heap.block(80, 16), wrong = heap.block(160, 32),
          open = heap.block(240, 32);
  put_sds(heap, wide, 0x011c05, "hello");      // 5 of 28, of the kind with a byte each
  put_sds(heap, narrow, 9 << 3, "user:4711");  // 9, which stands in the kind's byte
  put_sds(heap, wrong, 0x011c1d, "hello");     // 29 of 28
  put_sds(heap, open, 0x011c03, "hello");      // no zero behind three characters
  heap.put(TestHeap::kData, heap.address(wide) + 3);
  heap.put(TestHeap::kData + 8, heap.address(narrow) + 1);
  heap.put(TestHeap::kData + 16, heap.address(wrong) + 3);
  heap.put(TestHeap::kData + 24, heap.address(open) + 3);
  References refs = heap.find();
  EXPECT_TRUE(refs.reachable(wide));
  EXPECT_TRUE(refs.reachable(narrow));
  EXPECT_EQ(refs.reach(wrong), Reach::possible);
  EXPECT_EQ(refs.reach(open), Reach::possible);
}

TEST(References, KnowsWhatNamesTheBlockThatItLiesIn) {
  TestHeap heap;
  BlockId aligned = heap.block(0, 200), page = heap.block(240, 4376), other = heap.block(4800, 64);
  heap.put(heap.address(aligned) + 0x48, heap.address(aligned));  // to be freed
  heap.put(heap.address(page), 4360);                             // SQLite's length
  heap.put(heap.address(page) + 8 + 4096, heap.address(page) + 8);
  heap.put(heap.address(other) + 32, heap.address(other) + 16);
  heap.put(TestHeap::kData, heap.address(aligned) + 0x40);
  heap.put(TestHeap::kData + 8, heap.address(page) + 8 + 4096);
  heap.put(TestHeap::kData + 16, heap.address(other) + 32);
  References refs = heap.find();
  ASSERT_EQ(refs.roots().size(), 3u);
  EXPECT_EQ(refs.roots()[0].into, Into::back_pointer);
  EXPECT_EQ(refs.roots()[1].into, Into::back_pointer);
  EXPECT_EQ(refs.roots()[2].into, Into::middle);
}

TEST(References, KnowsWhatIsCutFromAPool) {
  TestHeap heap;
  BlockId pool = heap.block(0, 1032), not_pool = heap.block(1040, 1032);
  for (BlockId block : {pool, not_pool}) {
    heap.put(heap.address(block), heap.address(block) + 333);
    heap.put(heap.address(block) + 8, heap.address(block) + (block == pool ? 1024 : 512));
  }
  heap.put(TestHeap::kData, heap.address(pool) + 160);
  heap.put(TestHeap::kData + 8, heap.address(not_pool) + 160);
  heap.put(TestHeap::kData + 16, heap.address(pool) + 640);  // behind what is used
  References refs = heap.find();
  ASSERT_EQ(refs.roots().size(), 3u);
  EXPECT_EQ(refs.roots()[0].into, Into::pool);
  EXPECT_EQ(refs.roots()[1].into, Into::middle);
  EXPECT_EQ(refs.roots()[2].into, Into::middle);
}

TEST(References, KnowsPythonsObjectsBehindTheCollectorsHead) {
  TestHeap heap;
  constexpr uint64_t kType = TestHeap::kData + 0x100, kUserType = TestHeap::kData + 0x200;
  BlockId object = heap.block(0, 520), number = heap.block(600, 520);
  heap.put(kType + 8, kType);  // `type` is its own type
  heap.put(kUserType + 8, kType);
  heap.put(heap.address(object) + 16, 1);
  heap.put(heap.address(object) + 24, kUserType);
  heap.put(heap.address(number) + 16, 1);
  heap.put(heap.address(number) + 24, TestHeap::kData + 0x300);
  heap.put(TestHeap::kData, heap.address(object) + 16);
  heap.put(TestHeap::kData + 8, heap.address(number) + 16);
  References refs = heap.find();
  EXPECT_TRUE(refs.reachable(object));
  EXPECT_EQ(refs.reach(number), Reach::possible);
}

TEST(References, KnowsTheColourInPointersOfTsearch) {
  TestHeap heap;
  BlockId node = heap.block(0, 24), text = heap.block(80, 24);
  heap.put(heap.address(node), TestHeap::kData + 0x100);  // the key; no children
  for (unsigned i = 0; i < 3; ++i) heap.put(heap.address(text) + 8 * i, 0x6c6c6c6c6c6c6c6c);
  heap.put(TestHeap::kData, heap.address(node) + 1);
  heap.put(TestHeap::kData + 8, heap.address(text) + 1);
  References refs = heap.find();
  ASSERT_EQ(refs.roots().size(), 2u);
  EXPECT_EQ(refs.roots()[0].into, Into::tree_node);
  EXPECT_EQ(refs.roots()[1].into, Into::middle);
}

TEST(References, TakesTheThreadsOwnVector) {
  TestHeap heap;
  BlockId vector = heap.next_block(), other = heap.next_block();
  heap.put(TestHeap::kTls + 0x2008, heap.address(vector) + 16);
  heap.put(TestHeap::kTls + 0x2010, heap.address(other) + 16);
  References refs = heap.find();
  EXPECT_TRUE(refs.reachable(vector));
  EXPECT_EQ(refs.reach(other), Reach::possible);
}

TEST(References, LeavesTheStacksOfDeadThreadsAlone) {
  TestHeap heap;
  constexpr uint64_t kDead = 0x7f3000000000, kDescriptor = kDead + 0x8000 - 0x900;
  heap.region(kDead, 0x8000, "");
  heap.put(kDescriptor, kDescriptor);
  heap.put(kDescriptor + 16, kDescriptor);
  BlockId stale = heap.next_block(), result = heap.next_block(), vector = heap.next_block();
  heap.put(kDead + 0x4000, heap.address(stale));
  heap.put(kDescriptor + 0x600, heap.address(result));
  heap.put(kDescriptor + 8, heap.address(vector) + 16);
  References refs = heap.find();
  EXPECT_EQ(refs.reach(stale), Reach::lost);
  EXPECT_TRUE(refs.reachable(result));
  EXPECT_TRUE(refs.reachable(vector));
}

TEST(References, ReadsNoRootsInBooksNorBetweenBlocks) {
  TestHeap heap;
  BlockId a = heap.next_block(), b = heap.next_block();
  heap.heaps().allocators[0].books.push_back({{TestHeap::kMapping}, {TestHeap::kMapping + 0x100}});
  heap.put(TestHeap::kMapping + 8, heap.address(a));
  heap.put(TestHeap::kHeap + TestHeap::kHeapSize - 8, heap.address(b));
  References refs = heap.find();
  EXPECT_TRUE(refs.roots().empty());
}

TEST(References, AStackInABlockIsARootOfThatBlockOnly) {
  TestHeap heap;
  BlockId fiber = heap.block(0, 4096), on_it = heap.block(5000 - 8, 64),
          below = heap.block(5080, 64), in_other = heap.block(5160, 64),
          other = heap.block(5240, 64);
  heap.thread().registers.set_sp({heap.address(fiber) + 2048});
  heap.put(heap.address(fiber) + 2048, heap.address(on_it));
  heap.put(heap.address(fiber) + 1024, heap.address(below));
  heap.point(other, in_other);
  References refs = heap.find();
  EXPECT_TRUE(refs.reachable(on_it));
  EXPECT_EQ(refs.reach(fiber), Reach::possible) << "only sp points to it";
  EXPECT_EQ(refs.reach(in_other), Reach::lost);
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

TEST(References, APoolOfPointersToFewBlocksMakesFewRoots) {
  TestHeap heap;
  BlockId a = heap.next_block(), b = heap.next_block();
  constexpr uint64_t kPool = 0x7f4000000000, kWords = 1 << 17;
  heap.region(kPool, kWords * 8, "");
  for (uint64_t i = 0; i < kWords; ++i)
    heap.put(kPool + 8 * i, heap.address(i % 2 ? a : b) + (i >= kWords / 2 ? 12 : 0));
  References refs = heap.find();
  ASSERT_EQ(refs.roots().size(), 4u);
  EXPECT_EQ(refs.roots()[0].at.value, kPool);
  EXPECT_EQ(refs.roots()[3].at.value, kPool + kWords * 4 + 8);
  EXPECT_EQ(refs.totals().roots[static_cast<size_t>(RootKind::mapping)].pointers, kWords);
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
