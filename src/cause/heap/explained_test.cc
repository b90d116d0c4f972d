#include "cause/heap/explained.h"

#include <gtest/gtest.h>

#include "objects/types/test_typing.h"

namespace inquest::cause {
namespace {

using objects::BlockId;
using objects::TestHeap;

/// g0 is typed, the others are plain words in the data; each is an owner of its own.
class ExplainedTest : public testing::Test, public objects::TypedProgram {
 protected:
  BlockId room() {
    const BlockId block = heap_.next_block();
    hold(0, types_.structure("Room", 64, {{.name = "id", .type = number_}}), heap_.address(block));
    return block;
  }
  void keep(unsigned n, BlockId block) { heap_.put(TestHeap::kData + 8 * n, heap_.address(block)); }
  answer::Explained explain(bool with_holders = true) {
    const objects::Typing typing = find();
    if (!with_holders) return cause::explain({heap_.heaps(), *references_, typing});
    std::vector<objects::RootOwner> owners;
    std::vector<uint32_t> owner_of;
    for (const objects::Root& root : references_->roots()) {
      owner_of.push_back(static_cast<uint32_t>(owners.size()));
      const uint64_t n = (root.at.value - TestHeap::kData) / 8;
      owners.push_back({.name = "global g" + std::to_string(n), .kind = root.kind, .at = root.at});
    }
    const auto dominators =
        objects::Dominators::find(heap_.heaps(), *references_, std::move(owners), owner_of);
    std::vector<bool> has_name(owner_of.size());
    for (size_t i = 0; i < owner_of.size(); ++i)
      has_name[i] = i >= nameless_.size() || !nameless_[i];
    return cause::explain({heap_.heaps(), *references_, typing, &dominators, &owner_of, &has_name});
  }
  std::vector<bool> nameless_;
};

TEST_F(ExplainedTest, TypedTextAndHeld) {
  const BlockId typed = room(), below = heap_.next_block(), deep = heap_.next_block(),
                text = heap_.next_block(), kept = heap_.next_block(), lost = heap_.next_block();
  heap_.point(typed, below, 3);
  heap_.point(below, deep, 3);
  heap_.put(heap_.address(text), 0x6f6c6c6568202020);
  heap_.put(heap_.address(text) + 8, 0x6f6c6c6568202020);
  heap_.put(heap_.address(lost), 0x8182838485868788);
  keep(1, text);
  keep(2, kept);
  const answer::Explained all = explain();
  EXPECT_EQ(all.bytes, 6u * 64);
  EXPECT_EQ(all.typed, 64u);
  EXPECT_EQ(all.text, 64u);
  EXPECT_EQ(all.held, 3u * 64);
  EXPECT_EQ(all.lost, 64u);
  EXPECT_EQ(all.explained(), 5u * 64);
  ASSERT_EQ(all.holders.size(), 2u);
  EXPECT_EQ(all.holders[0].name, "objects of Room");  // through a block of which nothing is known
  EXPECT_EQ(all.holders[0].blocks, 2u);
  EXPECT_EQ(all.holders[1].name, "global g2");
}

TEST_F(ExplainedTest, ObjectsInsideOfBlocksCountForTheirBytes) {
  const BlockId pool = heap_.next_block();
  auto item = types_.structure("Item", 16, {{.name = "id", .type = number_}});
  heap_.put(heap_.address(pool) + 32, 5);
  hold(0, item, heap_.address(pool) + 32);
  keep(1, pool);
  keep(2, heap_.next_block());
  const answer::Explained all = explain();
  EXPECT_EQ(all.bytes, 2u * 64);
  EXPECT_EQ(all.typed, 16u);
  EXPECT_EQ(all.held + all.shared, 48u + 64);
}

TEST_F(ExplainedTest, WhatSeveralKeepIsNobodys) {
  const BlockId shared = heap_.next_block(), below = heap_.next_block();
  heap_.point(shared, below);
  keep(1, shared);
  keep(2, shared);
  const answer::Explained all = explain();
  EXPECT_EQ(all.held, 0u);
  EXPECT_EQ(all.shared, 2u * 64);
  ASSERT_EQ(all.together.size(), 1u);
  EXPECT_EQ(all.together[0].name, "global g1 and global g2");
}

TEST_F(ExplainedTest, SeveralAreNamedThroughEachOther) {
  // a and b hold each other's block below: nobody alone keeps it, and no root points there.
  const BlockId a = heap_.next_block(), b = heap_.next_block(), below = heap_.next_block();
  heap_.point(a, below);
  heap_.point(b, below);
  keep(1, a);
  keep(2, b);
  const answer::Explained all = explain();
  EXPECT_EQ(all.held, 2u * 64);
  EXPECT_EQ(all.shared, 64u);
  ASSERT_EQ(all.together.size(), 1u);
  EXPECT_EQ(all.together[0].name, "global g1 and global g2");
}

TEST_F(ExplainedTest, MemoryWithoutANameExplainsNothing) {
  keep(1, heap_.next_block());
  nameless_ = {true};
  const answer::Explained all = explain();
  EXPECT_EQ(all.held, 0u);
  EXPECT_EQ(all.unnamed, 64u);
  ASSERT_EQ(all.nameless.size(), 1u);
}

TEST_F(ExplainedTest, GuessesAndRawBytesAreNotTyped) {
  const BlockId bytes = heap_.next_block();
  heap_.put(heap_.address(bytes), 0x8182838485868788);
  hold(0, char_, heap_.address(bytes));
  const answer::Explained all = explain();
  EXPECT_EQ(all.typed, 0u);
  EXPECT_EQ(all.held, 64u);
}

TEST_F(ExplainedTest, HoldersAreNotAlwaysAsked) {
  keep(1, heap_.next_block());
  const answer::Explained all = explain(false);
  EXPECT_FALSE(all.has_holders);
  EXPECT_EQ(all.explained(), 0u);
  EXPECT_EQ(all.bytes, 64u);
}

}  // namespace
}  // namespace inquest::cause
