#include "cause/detectors/recursion.h"

#include <gtest/gtest.h>

namespace inquest::cause {
namespace {

std::vector<uint64_t> stack_of(std::vector<uint64_t> top, std::vector<uint64_t> round, size_t times,
                               std::vector<uint64_t> bottom) {
  std::vector<uint64_t> out = std::move(top);
  for (size_t i = 0; i < times; ++i) out.insert(out.end(), round.begin(), round.end());
  out.insert(out.end(), bottom.begin(), bottom.end());
  return out;
}

TEST(Recursion, OfOneFunction) {
  auto found = find_recursion(stack_of({}, {7}, 1000, {1, 2}));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->periodic);
  EXPECT_EQ(found->rounds, 1000u);
  EXPECT_EQ(found->cycle, std::vector<size_t>{0});
}

TEST(Recursion, OfThreeFunctionsUnderAnAllocation) {
  auto found = find_recursion(stack_of({50, 51, 52}, {7, 8, 9}, 500, {1, 2}));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->periodic);
  EXPECT_EQ(found->first, 3u);
  EXPECT_EQ(found->cycle.size(), 3u);
  EXPECT_EQ(found->rounds, 500u);
}

TEST(Recursion, WithoutAnOrder) {
  std::vector<uint64_t> functions;
  uint32_t random = 1;
  for (int i = 0; i < 4000; ++i) {
    random = random * 1664525u + 1013904223u;
    functions.push_back(random >> 31 ? 7 : 8);
  }
  auto found = find_recursion(functions);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->periodic);
  EXPECT_EQ(found->cycle.size(), 2u);
  EXPECT_EQ(found->frames, 4000u);
}

TEST(Recursion, NoneInAnOrdinaryStack) {
  EXPECT_FALSE(find_recursion(std::vector<uint64_t>{1, 2, 3, 4, 5, 2, 3, 6, 7}));
  EXPECT_FALSE(find_recursion({}));
}

}  // namespace
}  // namespace inquest::cause
