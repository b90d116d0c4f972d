/// Pointers that do not point to a block's begin: which ones count all the same, which only make
/// possible.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "objects/references.h"
#include "objects/test_heap.h"

namespace inquest::objects {
namespace {

using testing::ElementsAre;

TEST(Interior, TellsPossibleFromDefinite) {
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
TEST(Interior, TheEndOfAFullVectorIsDoubtful) {
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

TEST(Interior, AReachableBlocksDoubtfulPointerMakesPossible) {
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

TEST(Interior, ExceptsPointersIntoTheMiddleMadeByRule) {
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

TEST(Interior, KnowsTheStringsOfRedis) {
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

TEST(Interior, KnowsWhatNamesTheBlockThatItLiesIn) {
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

TEST(Interior, KnowsWhatIsCutFromAPool) {
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

TEST(Interior, KnowsPythonsObjectsBehindTheCollectorsHead) {
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

TEST(Interior, KnowsTheColourInPointersOfTsearch) {
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

}  // namespace
}  // namespace inquest::objects
