#include "objects/referrers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "objects/test_heap.h"

namespace inquest::objects {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Referrers, AreTheGraphBackwards) {
  TestHeap heap;
  BlockId a = heap.next_block(), b = heap.next_block(), c = heap.next_block();
  heap.point(a, c);
  heap.point(b, c, 1, 8);
  heap.point(c, a);
  References references = heap.find();
  Referrers referrers = Referrers::find(heap.heaps().blocks.size(), references);
  EXPECT_THAT(referrers.to(c), ElementsAre(a, b));
  EXPECT_THAT(referrers.to(a), ElementsAre(c));
  EXPECT_THAT(referrers.to(b), IsEmpty());
  EXPECT_THAT(referrers.to(99), IsEmpty());
}

class Paths : public testing::Test {
 protected:
  std::vector<RootPath> find(BlockId block, size_t limit = 10) {
    references_.emplace(heap_.find());
    Referrers referrers = Referrers::find(heap_.heaps().blocks.size(), *references_);
    std::vector<uint32_t> owner_of;
    for (const Root& root : references_->roots())
      owner_of.push_back(static_cast<uint32_t>(root.at.value / 64));
    return shortest_paths(*references_, referrers, owner_of, block, limit);
  }
  uint64_t root_of(const RootPath& path) const { return references_->roots()[path.root].at.value; }

  TestHeap heap_;
  std::optional<References> references_;
};

TEST_F(Paths, OneForEachOwnerShortestFirst) {
  BlockId a = heap_.next_block(), b = heap_.next_block(), c = heap_.next_block();
  heap_.point(a, b);
  heap_.point(b, c);
  heap_.point(c, a);  // a circle ends
  heap_.put(TestHeap::kData, heap_.address(a));
  heap_.put(TestHeap::kData + 8, heap_.address(b));
  heap_.put(TestHeap::kData + 64, heap_.address(a));
  auto paths = find(c);
  ASSERT_EQ(paths.size(), 2u);
  EXPECT_EQ(root_of(paths[0]), TestHeap::kData + 8);
  EXPECT_THAT(paths[0].blocks, ElementsAre(b, c));
  EXPECT_EQ(root_of(paths[1]), TestHeap::kData + 64);
  EXPECT_THAT(paths[1].blocks, ElementsAre(a, b, c));
  EXPECT_EQ(find(c, 1).size(), 1u);
}

TEST_F(Paths, DoubtfulOnesOnlyWhereThereAreNoOthers) {
  BlockId a = heap_.next_block(), b = heap_.next_block(), lost = heap_.next_block();
  heap_.put(TestHeap::kData, heap_.address(a) + 24);
  heap_.put(TestHeap::kData + 64, heap_.address(b));
  heap_.put(TestHeap::kData + 128, heap_.address(b) + 24);
  EXPECT_EQ(find(a).size(), 1u);
  auto paths = find(b);
  ASSERT_EQ(paths.size(), 1u);
  EXPECT_EQ(root_of(paths[0]), TestHeap::kData + 64);
  EXPECT_THAT(paths[0].blocks, ElementsAre(b));
  EXPECT_THAT(find(lost), IsEmpty());
}

}  // namespace
}  // namespace inquest::objects
