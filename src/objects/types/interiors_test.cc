#include <gtest/gtest.h>

#include "objects/types/test_typing.h"
#include "objects/types/type_table.h"

namespace inquest::objects {
namespace {

using symbols::TypeId;

class InteriorsTest : public testing::Test, public TypedProgram {
 public:
  InteriorsTest() {
    node_ = types_.structure("Node", 32);
    to_node_ = types_.pointer(node_);
    types_.set_members(node_, {{.name = "next", .type = to_node_},
                               {.name = "id", .type = number_, .offset = 8},
                               {.name = "name", .type = types_.pointer(char_), .offset = 16}});
    arena_ = heap_.block(0, 4096);
  }

  uint64_t in_arena(uint64_t offset) const { return heap_.address(arena_) + offset; }
  /// A node at `at` whose next is `next`.
  void node(uint64_t at, uint64_t next, uint64_t id = 7) {
    heap_.put(at, next);
    heap_.put(at + 8, id);
  }
  std::vector<std::string> told(const Typing& typing) {
    std::vector<std::string> out;
    for (const InteriorObject& one : typing.interiors()) {
      const bool is_block = one.block != References::kNone;
      const uint64_t begin = is_block ? heap_.address(one.block) : TestHeap::kMapping;
      out.push_back(typing.types()[one.type].name + (is_block ? " +" : " mapping +") +
                    std::to_string(one.at.value - begin) +
                    (one.count > 1 ? " x" + std::to_string(one.count) : "") +
                    (one.percent >= 70 ? "" : " ?"));
    }
    return out;
  }

  using Names = std::vector<std::string>;
  TypeId node_, to_node_;
  BlockId arena_;
};

TEST_F(InteriorsTest, ListsAreFollowedThroughArenasAndBlocks) {
  const BlockId block = heap_.block(0x2000, 40);
  hold(0, node_, in_arena(64));
  node(in_arena(64), in_arena(256));
  node(in_arena(256), heap_.address(block));
  node(heap_.address(block), TestHeap::kMapping + 0x100);
  node(TestHeap::kMapping + 0x100, 0);
  const Typing typing = find();
  EXPECT_EQ(told(typing), (Names{"Node +64", "Node +256", "Node mapping +256"}));
  EXPECT_EQ(type_of(typing, block), "Node");
  EXPECT_EQ(typing.of(arena_).type, 0u);
  const InteriorObject* second = typing.interior_at({in_arena(256 + 31)});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->word.value, in_arena(64));
  EXPECT_EQ(second->how, How::holder);
  EXPECT_FALSE(typing.interior_at({in_arena(256 + 32)}));
  EXPECT_FALSE(typing.interior_at({in_arena(0)}));
}

TEST_F(InteriorsTest, AHeaderAtTheBeginTellsNoMoreThanItsBytes) {
  auto pool = types_.structure("Pool", 40, {{.name = "first", .type = to_node_, .offset = 8}});
  hold(0, pool, in_arena(0));
  heap_.put(in_arena(8), in_arena(0x80));
  node(in_arena(0x80), in_arena(0));  // and a pointer to its begin
  const Typing typing = find();
  EXPECT_EQ(type_of(typing, arena_), "Pool");
  EXPECT_EQ(told(typing), (Names{"Node +128"}));
}

TEST_F(InteriorsTest, MembersAndElementsAreNoObjectsOfTheirOwn) {
  auto part = types_.structure("Part", 16, {{.name = "n", .type = number_}});
  auto whole = types_.structure("Whole", 64, {{.name = "part", .type = part, .offset = 32}});
  const BlockId one = heap_.block(0x2000, 72);
  heap_.put(heap_.address(one) + 32, 5);
  hold(0, part, heap_.address(one) + 32);
  hold(1, whole, heap_.address(one));
  // In the arena: the whole swallows its part, whichever comes first.
  heap_.put(in_arena(0x100 + 32), 5);
  hold(2, part, in_arena(0x100 + 32));
  hold(3, whole, in_arena(0x100));
  EXPECT_EQ(told(find()), (Names{"Whole +256"}));
}

TEST_F(InteriorsTest, WhatSaysNothing) {
  hold(0, number_, in_arena(64));
  hold(1, char_, in_arena(72));
  heap_.put(in_arena(64), 77);
  hold(2, node_, in_arena(4096 - 16));  // does not fit
  hold(3, node_, in_arena(0x300));      // nothing but zeros: not given out yet
  heap_.put(in_arena(0x400), 0x1234567890);
  hold(4, node_, in_arena(0x400));  // its pointer is none
  node(in_arena(0x503), 0);
  hold(5, node_, in_arena(0x503));  // not aligned
  const BlockId array = heap_.block(0x2000, 64);
  hold(6, node_, heap_.address(array) + 64);  // past the end
  EXPECT_EQ(told(find()), Names{});
}

TEST_F(InteriorsTest, RangesHaveTheirLengthAndTheirEndsAreNoObjects) {
  auto vector = types_.structure("Vector", 24,
                                 {{.name = "begin", .type = types_.pointer(to_node_)},
                                  {.name = "end", .type = types_.pointer(to_node_), .offset = 8},
                                  {.name = "cap", .type = types_.pointer(to_node_), .offset = 16}});
  types_.global("g", vector, TestHeap::kData - TestHeap::kCode);
  heap_.put(TestHeap::kData, in_arena(64));
  heap_.put(TestHeap::kData + 8, in_arena(64 + 16));
  heap_.put(TestHeap::kData + 16, in_arena(64 + 32));
  heap_.put(in_arena(64), in_arena(0x200));
  heap_.put(in_arena(72), in_arena(0x240));
  heap_.put(in_arena(80), in_arena(0x280));  // behind the end
  for (uint64_t at : {0x200, 0x240, 0x280}) node(in_arena(at), 0);
  EXPECT_EQ(told(find()), (Names{"Node* +64 x2", "Node +512", "Node +576"}));
}

TEST_F(InteriorsTest, OverlapsAreDisputed) {
  auto other = types_.structure("Other", 48, {{.name = "n", .type = number_, .offset = 8}});
  node(in_arena(64), 0);
  hold(0, node_, in_arena(64));
  hold(1, other, in_arena(72));
  const Typing typing = find();
  EXPECT_EQ(told(typing), (Names{"Node +64 ?"}));
  EXPECT_TRUE(typing.interiors()[0].is_disputed);
}

TEST_F(InteriorsTest, ATypeWithoutANameIsOneBehindItsTypedefs) {
  auto nameless = types_.structure("", 32, {{.name = "n", .type = number_}});
  auto first = types_.add({.kind = symbols::TypeKind::typedef_, .name = "a", .target = nameless});
  auto second = types_.add({.kind = symbols::TypeKind::qualified, .name = "", .target = first});
  heap_.put(in_arena(64), 9);
  hold(0, first, in_arena(64));
  hold(1, second, in_arena(64));
  const Typing typing = find();
  ASSERT_EQ(typing.interiors().size(), 1u);
  EXPECT_FALSE(typing.interiors()[0].is_disputed);
}

TEST_F(InteriorsTest, LocalsAloneAreNotEnough) {
  heap_.put(TestHeap::kSp + 8, in_arena(64));
  heap_.put(TestHeap::kSp + 16, in_arena(0x200));
  node(in_arena(64), 0);
  node(in_arena(0x200), 0);
  const Typing typing =
      find({{.at = {TestHeap::kSp + 8}, .type = to_node_, .reader = &types_, .name = "p in main"},
            {.at = {TestHeap::kSp + 16}, .type = to_node_, .reader = &types_, .name = "end in f"}});
  EXPECT_EQ(told(typing), (Names{"Node +64 ?"}));
}

TEST_F(InteriorsTest, VirtualTablesNameTheObject) {
  auto vptr = types_.pointer({});
  auto base =
      types_.structure("Shape", 16, {{.name = "_vptr", .type = vptr, .is_artificial = true}});
  types_.structure("Circle", 32, {{.type = base, .is_base = true}});
  heap_.put(in_arena(64), table(TestHeap::kConstants + 0x200, "6Circle"));
  hold(0, base, in_arena(64));
  hold(1, base, in_arena(0x200));  // no table there
  heap_.put(in_arena(0x200), 3);
  const Typing typing = find();
  EXPECT_EQ(told(typing), (Names{"Circle +64"}));
  EXPECT_EQ(typing.interiors()[0].how, How::rtti);
}

TEST_F(InteriorsTest, RemnantsTellThem) {
  hold(0, node_, in_arena(64));
  node(in_arena(64), TestHeap::kMapping + 0x100);
  node(TestHeap::kMapping + 0x100, 0);
  const Remnants found = remnants(find());
  ASSERT_EQ(found.all.size(), 2u);
  EXPECT_EQ(found.all[0].place, RemnantPlace::inside);
  EXPECT_EQ(found.types[found.all[0].type].name, "Node");
  EXPECT_EQ(found.all[0].container.begin.value, in_arena(0));
  EXPECT_EQ(found.all[0].holder.value, TestHeap::kData);
  EXPECT_EQ(found.all[1].place, RemnantPlace::mapping);
  EXPECT_EQ(found.all[1].container.begin.value, TestHeap::kMapping);
}

TEST(EndNames, TheLastWordCounts) {
  for (const char* name : {"end", "_M_finish", "m_end", "itemsEnd", "_Mylast", "_Myend", "__end_",
                           "__end_cap_", "_M_end_of_storage", "end2"})
    EXPECT_TRUE(is_end_name(name)) << name;
  for (const char* name : {"send", "friend", "dependents", "next", "", "append", "end_user"})
    EXPECT_FALSE(is_end_name(name)) << name;
}

}  // namespace
}  // namespace inquest::objects
