#include <gtest/gtest.h>

#include "objects/types/test_typing.h"

namespace inquest::objects {
namespace {

using symbols::TypeId;

class WholeArraysTest : public testing::Test, public TypedProgram {
 protected:
  std::string told(BlockId block) {
    const Typing typing = find();
    const BlockType type = typing.of(block);
    return type_of(typing, block) + (type.is_array ? " array" : " one") +
           (type.percent >= 70 ? "" : " ?");
  }
  TypeId plain(uint64_t size) {
    return types_.structure("Plain", size, {{.name = "n", .type = number_}});
  }
};

TEST_F(WholeArraysTest, ASizeThatIsAMultipleOfALargeClass) {
  const BlockId block = heap_.block(0, 240 * 20 + 8);
  hold(0, plain(240), heap_.address(block));
  EXPECT_EQ(told(block), "Plain array");
}

TEST_F(WholeArraysTest, ASizeThatIsNone) {
  const BlockId block = heap_.block(0, 240 * 20 + 100);
  hold(0, plain(240), heap_.address(block));
  EXPECT_EQ(told(block), "Plain one ?");
}

TEST_F(WholeArraysTest, TheNumberBesideThePointer) {
  const BlockId block = heap_.block(0, 8 * 1010 + 4);
  const auto fired = plain(8);
  auto loop = types_.structure("Loop", 32,
                               {{.name = "size", .type = number_},
                                {.name = "fired", .type = types_.pointer(fired), .offset = 8}});
  types_.global("loop", loop, TestHeap::kData - TestHeap::kCode);
  heap_.put(TestHeap::kData + 8, heap_.address(block));
  EXPECT_EQ(told(block), "Plain one ?");
  heap_.put(TestHeap::kData, 1010);
  EXPECT_EQ(told(block), "Plain array");
}

TEST_F(WholeArraysTest, AHeaderThatLeadsIntoItsOwnBlock) {
  auto pool = types_.structure("Pool", 64);
  types_.set_members(pool, {{.name = "last", .type = types_.pointer({})},
                            {.name = "next", .type = types_.pointer(pool), .offset = 8}});
  const BlockId block = heap_.block(0, 64 * 32 + 8);
  hold(0, pool, heap_.address(block));
  EXPECT_EQ(told(block), "Pool array");
  heap_.put(heap_.address(block), heap_.address(block) + 200);
  EXPECT_EQ(told(block), "Pool one ?");
}

TEST_F(WholeArraysTest, AHeaderBeforeWhatItTellsOf) {
  auto text = types_.structure("Text", 64,
                               {{.name = "length", .type = number_},
                                {.name = "text", .type = types_.array(char_, 0), .offset = 64}});
  const BlockId block = heap_.block(0, 64 * 32 + 8);
  hold(0, text, heap_.address(block));
  EXPECT_EQ(told(block), "Text one ?");
}

TEST_F(WholeArraysTest, OtherObjectsInside) {
  auto other = types_.structure("Other", 24, {{.name = "n", .type = number_}});
  const BlockId block = heap_.block(0, 64 * 32 + 8);
  hold(0, plain(64), heap_.address(block));
  hold(1, other, heap_.address(block) + 200);
  heap_.put(heap_.address(block) + 200, 3);
  EXPECT_EQ(told(block), "Plain one ?");
}

TEST_F(WholeArraysTest, ElementsThatOthersName) {
  const auto one = plain(16);
  const BlockId block = heap_.block(0, 16 * 30 + 8);
  hold(0, one, heap_.address(block));
  hold(1, one, heap_.address(block) + 5 * 16);
  heap_.put(heap_.address(block) + 5 * 16, 3);
  const Typing typing = find();
  EXPECT_TRUE(typing.of(block).is_array);
  EXPECT_TRUE(typing.interiors().empty());
}

}  // namespace
}  // namespace inquest::objects
