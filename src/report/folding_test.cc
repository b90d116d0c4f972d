#include "report/folding.h"

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/test_example.h"
#include "report/warning_groups.h"

namespace inquest::report {
namespace {

std::vector<answer::Frame> stack_of(const std::vector<std::string>& functions) {
  std::vector<answer::Frame> frames;
  for (const std::string& one : functions) frames.push_back(frame_of(0x1000, one));
  return frames;
}

std::string shape(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) {
    text += row.count == 1 && !row.period
                ? fmt::format("{} ", row.first)
                : fmt::format("[{}+{}/{}] ", row.first, row.count, row.period);
  }
  return text;
}

TEST(Recursion, FoldsACycleAfterTwoRounds) {
  std::vector<std::string> f{"top"};
  for (int i = 0; i < 10; ++i) f.insert(f.end(), {"a", "b"});
  f.push_back("main");
  EXPECT_EQ(shape(fold_recursion(stack_of(f))), "0 1 2 3 4 [5+16/2] 21 ");
}

TEST(Recursion, LeavesFewRoundsAlone) {
  EXPECT_EQ(shape(fold_recursion(stack_of({"a", "a", "a", "main"}))), "0 1 2 3 ");
  EXPECT_EQ(shape(fold_recursion(stack_of({"a", "a", "a", "a", "main"}))), "0 1 [2+2/1] 4 ");
  EXPECT_EQ(shape(fold_recursion({})), "");
}

TEST(Recursion, KeepsAnOddEndOfACycle) {
  std::vector<std::string> f;
  for (int i = 0; i < 5; ++i) f.insert(f.end(), {"a", "b", "c"});
  f.insert(f.end(), {"a", "b"});
  EXPECT_EQ(shape(fold_recursion(stack_of(f))), "0 1 2 3 4 5 [6+9/3] 15 16 ");
}

TEST(Recursion, IsLinear) {
  std::vector<std::string> f;
  for (int i = 0; i < 300'000; ++i)
    f.push_back(std::string(1, static_cast<char>('a' + i % 37 % 17)));
  auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(fold_recursion(stack_of(f)).empty());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(Rows, AreCutInTheMiddle) {
  std::vector<std::string> f;
  for (int i = 0; i < 100; ++i) f.push_back(fmt::format("f{}", i));
  std::vector<Row> rows = cut_rows(fold_recursion(stack_of(f)), 8);
  EXPECT_EQ(shape(rows), "0 1 2 3 4 5 [6+92/0] 98 99 ");
  EXPECT_EQ(cut_rows(fold_recursion(stack_of(f)), 0).size(), 100u);
  EXPECT_EQ(shape(cut_rows(fold_recursion(stack_of(f)), 2)), "0 1 [2+98/0] ");
}

TEST(Groups, JoinEqualStacks) {
  answer::Answer a = example();
  a.threads.push_back(a.threads[1]);
  a.threads.back().frames[1].line = 34;
  std::vector<Group> groups = group_stacks(a.threads);
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_THAT(groups[1].members, testing::ElementsAre(1, 2, 3));
  EXPECT_EQ(common_name(a.threads, groups[1]), "worker-*");
  EXPECT_EQ(common_name(a.threads, groups[0]), "main");
}

TEST(Groups, KeepTheCrashedThreadAlone) {
  answer::Answer a = example();
  a.threads[0].frames = a.threads[1].frames;
  EXPECT_EQ(group_stacks(a.threads).size(), 2u);
}

TEST(WarningGroups, JoinOneSortOfWarning) {
  std::vector<Warning> warnings;
  for (int i = 0; i < 20; ++i) {
    warnings.push_back(
        {fmt::format("no symbols for lib{}.so (build id 0123456789abcdef{:04})", i, i), "give"});
  }
  warnings.push_back({"no symbols for x", ""});
  warnings.push_back({"the core is cut", "give"});
  auto groups = group_warnings(warnings);
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].count, 20u);
  EXPECT_TRUE(groups[0].what.starts_with("no symbols for lib0.so, lib1.so, "));
  EXPECT_TRUE(groups[0].what.ends_with("lib11.so and 8 more"));
  EXPECT_EQ(groups[1].what, "no symbols for x");
}

}  // namespace
}  // namespace inquest::report
