// What is recognised where nothing typed leads: buffers, linked structures, likeness.
#include <gtest/gtest.h>

#include "objects/types/test_typing.h"

namespace inquest::objects {
namespace {

using symbols::TypeId;

/// A leaked tree: nodes of 48 bytes in blocks of 56, nodes[(i - 1) / 2] holds nodes[i].
class LinkedTest : public testing::Test, public TypedProgram {
 protected:
  LinkedTest() {
    node_ = types_.structure("Node", 48);
    types_.set_members(node_, {{.name = "left", .type = types_.pointer(node_)},
                               {.name = "right", .type = types_.pointer(node_), .offset = 8},
                               {.name = "id", .type = types_.number("long", 8), .offset = 16},
                               {.name = "text", .type = types_.pointer(char_), .offset = 24}});
  }
  std::vector<BlockId> tree(size_t size) {
    std::vector<BlockId> nodes;
    for (unsigned i = 0; i < size; ++i) {
      nodes.push_back(heap_.block(0x1000 + i * 0x40, 56));
      heap_.put(heap_.address(nodes[i]) + 16, 1000 + i);
      if (i > 0) heap_.point(nodes[(i - 1) / 2], nodes[i], (i - 1) % 2);
    }
    return nodes;
  }
  TypeId node_;
};

TEST_F(LinkedTest, TreesThatNothingHolds) {
  std::vector<BlockId> nodes = tree(7);
  BlockId bytes = heap_.block(0x3000, 24), lonely = heap_.block(0x3100, 56);
  heap_.put(heap_.address(bytes), 0x8182838485868788);
  heap_.point(nodes[3], bytes, 3);
  Typing typing = find();
  for (BlockId node : nodes) {
    EXPECT_EQ(type_of(typing, node), "Node") << node;
    EXPECT_EQ(typing.of(node).how, How::likeness);
    EXPECT_LE(typing.of(node).percent, 85);
  }
  EXPECT_EQ(type_of(typing, bytes), "char");
  EXPECT_EQ(typing.of(lonely).type, 0u);  // nothing says that it is one
}

TEST_F(LinkedTest, OneContradictionIsEnough) {
  std::vector<BlockId> nodes = tree(7);
  BlockId other = heap_.block(0x3000, 24);
  heap_.point(nodes[5], other, 2);  // where a number stands
  Typing typing = find();
  for (BlockId node : nodes) EXPECT_EQ(typing.of(node).type, 0u) << node;
}

TEST_F(LinkedTest, AMemberOfAnotherTypeIsAContradiction) {
  std::vector<BlockId> nodes = tree(7);
  BlockId other = heap_.block(0x3000, 56);
  hold(0, types_.structure("Other", 56, {{.name = "n", .type = number_}}), heap_.address(other));
  heap_.point(nodes[6], other, 0);
  Typing typing = find();
  for (BlockId node : nodes) EXPECT_EQ(typing.of(node).type, 0u) << node;
  EXPECT_EQ(type_of(typing, other), "Other");
}

TEST_F(LinkedTest, TwoClassesThatFitAreNone) {
  std::vector<BlockId> nodes = tree(7);
  TypeId twin = types_.structure("Twin", 48);
  types_.set_members(twin, {{.name = "one", .type = types_.pointer(twin)},
                            {.name = "two", .type = types_.pointer(twin), .offset = 8}});
  Typing typing = find();
  for (BlockId node : nodes) EXPECT_EQ(typing.of(node).type, 0u) << node;
}

TEST_F(LinkedTest, TheClassThatMakesMoreLinks) {
  std::vector<BlockId> nodes = tree(15);
  TypeId vague = types_.structure("Vague", 48);
  types_.set_members(vague, {{.name = "next", .type = types_.pointer(vague)},
                             {.name = "any", .type = types_.pointer({}), .offset = 8}});
  Typing typing = find();
  for (BlockId node : nodes) EXPECT_EQ(type_of(typing, node), "Node") << node;
}

TEST_F(LinkedTest, ClassesOfLibrariesAreNotTaken) {
  std::vector<BlockId> nodes = tree(7);
  heap_.process().modules.front().is_main = false;
  Typing typing = find();
  for (BlockId node : nodes) EXPECT_EQ(typing.of(node).type, 0u) << node;
}

TEST_F(LinkedTest, OneKindOfPointerIsTooLittle) {
  std::vector<BlockId> chain;
  for (unsigned i = 0; i < 8; ++i) chain.push_back(heap_.block(0x1000 + i * 0x40, 56));
  for (unsigned i = 0; i + 1 < 8; ++i) heap_.point(chain[i], chain[i + 1], 0);
  Typing typing = find();
  for (BlockId block : chain) EXPECT_EQ(typing.of(block).type, 0u) << block;
}

/// A class of 40 bytes that some globals hold by its type, and blocks that nobody holds.
class LikenessTest : public testing::Test, public TypedProgram {
 protected:
  static constexpr unsigned kInstances = 12;
  LikenessTest() {
    owner_ = heap_.block(0, 24);
    kind_ = heap_.block(0x40, 24);
    wide_ = types_.number("long", 8);
    TypeId owner = types_.structure("Owner", 24, {{.name = "n", .type = wide_}});
    TypeId kind = types_.structure("Kind", 24, {{.name = "n", .type = wide_}});
    hold(0, owner, heap_.address(owner_));
    hold(1, kind, heap_.address(kind_));
    TypeId order = types_.structure("Order", 40,
                                    {{.name = "owner", .type = types_.pointer(owner)},
                                     {.name = "kind", .type = types_.pointer(kind), .offset = 8},
                                     {.name = "count", .type = wide_, .offset = 16}});
    for (unsigned i = 0; i < kInstances; ++i) {
      BlockId block = instance(0x100 + i * 0x40);
      hold(10 + i, order, heap_.address(block));
    }
    for (unsigned i = 0; i < 50; ++i) {  // of which nothing is known
      BlockId block = heap_.block(0x4000 + i * 0x40, 40);
      for (unsigned n = 0; n < 5; ++n) heap_.put(heap_.address(block) + 8 * n, 99999 + i * n);
    }
  }
  BlockId instance(uint64_t offset) {
    BlockId block = heap_.block(offset, 40);
    heap_.point(block, owner_, 0);
    heap_.point(block, kind_, 1);
    heap_.put(heap_.address(block) + 16, 3 + offset % 7);
    return block;
  }
  BlockId owner_, kind_;
  TypeId wide_;
};

TEST_F(LikenessTest, WordsLikeThoseOfTypedBlocks) {
  BlockId like = instance(0x6000), bare = heap_.block(0x6100, 40);
  BlockId swapped = heap_.block(0x6200, 40), larger = heap_.block(0x6300, 88);
  heap_.point(swapped, kind_, 0);
  heap_.point(swapped, owner_, 1);
  heap_.point(larger, owner_, 0);
  heap_.point(larger, kind_, 1);
  Typing typing = find();
  EXPECT_EQ(type_of(typing, like), "Order");
  EXPECT_EQ(typing.of(like).how, How::likeness);
  EXPECT_GE(typing.of(like).percent, 70);
  EXPECT_LE(typing.of(like).percent, 85);
  for (BlockId block : {bare, swapped, larger}) EXPECT_EQ(typing.of(block).type, 0u) << block;
}

TEST_F(LikenessTest, TwoClassesAlikeTellNothing) {
  BlockId like = instance(0x6000);
  TypeId twin =
      types_.structure("Twin", 40,
                       {{.name = "a", .type = types_.pointer(types_.find("Owner"))},
                        {.name = "b", .type = types_.pointer(types_.find("Kind")), .offset = 8},
                        {.name = "c", .type = wide_, .offset = 16}});
  for (unsigned i = 0; i < kInstances; ++i) {
    BlockId block = instance(0x7000 + i * 0x40);
    hold(40 + i, twin, heap_.address(block));
  }
  EXPECT_EQ(find().of(like).type, 0u);
}

TEST_F(LikenessTest, OnePointerIsTooLittle) {
  BlockId block = heap_.block(0x6000, 40);
  heap_.point(block, owner_, 0);
  heap_.put(heap_.address(block) + 16, 5);
  EXPECT_EQ(find().of(block).type, 0u);
}

class BufferTest : public testing::Test, public TypedProgram {
 protected:
  void triple(uint64_t at, uint64_t begin, uint64_t used, uint64_t limit) {
    heap_.put(at, begin);
    heap_.put(at + 8, begin + used);
    heap_.put(at + 16, begin + limit);
  }
};

TEST_F(BufferTest, HeldByBeginEndAndLimit) {
  BlockId holder = heap_.block(0, 56), numbers = heap_.block(0x80, 104);
  BlockId of_global = heap_.block(0x200, 56), reserved = heap_.block(0x300, 56);
  triple(heap_.address(holder) + 16, heap_.address(numbers), 40, 96);
  triple(TestHeap::kData + 64, heap_.address(of_global), 56, 56);
  triple(TestHeap::kData + 128, heap_.address(reserved), 0, 48);
  Typing typing = find();
  for (BlockId block : {numbers, of_global, reserved}) {
    EXPECT_EQ(type_of(typing, block), "element buffer") << block;
    EXPECT_EQ(typing.of(block).how, How::shape);
  }
  EXPECT_EQ(typing.of(holder).type, 0u);
}

TEST_F(BufferTest, WhatOthersPointToIsAnObject) {
  BlockId left_over = heap_.block(0, 56), holder = heap_.block(0x80, 56),
          object = heap_.block(0x200, 56);
  triple(heap_.address(left_over) + 16, heap_.address(object), 40, 56);
  heap_.point(holder, object);
  EXPECT_EQ(find().of(object).type, 0u);
}

TEST_F(BufferTest, WordsThatDoNotNameTheBlockExactly) {
  std::vector<BlockId> blocks;
  for (unsigned i = 0; i < 5; ++i) blocks.push_back(heap_.block(i * 0x100, 120));
  auto at = [&](unsigned i) { return heap_.address(blocks[i]); };
  const uint64_t data = TestHeap::kData;
  triple(data, at(0), 16, 40);                // the allocator would have given a smaller block
  triple(data + 64, at(1), 16, 128);          // ends behind the block
  triple(data + 128, at(2) + 8, 16, 104);     // does not begin with it
  triple(data + 192, at(3), 120, 96);         // used beyond its limit
  triple(TestHeap::kSp + 8, at(4), 16, 112);  // a stack may hold what is left over
  Typing typing = find();
  for (BlockId block : blocks) EXPECT_EQ(typing.of(block).type, 0u) << block;
}

}  // namespace
}  // namespace inquest::objects
