#include "cause/variables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cause/test_process.h"

namespace inquest::cause {
namespace {

using symbols::Place;
using testing::HasSubstr;

objects::Field said(std::string name, std::string value, std::vector<objects::Field> fields = {}) {
  objects::Field field{.name = std::move(name), .value = std::move(value)};
  field.fields = std::move(fields);
  return field;
}

TEST(OneLine, ReadsAsCppWouldInitialise) {
  EXPECT_EQ(one_line(said("x", "3"), 100), "3");
  objects::Field base = said("Base", "", {said("id", "7")});
  base.is_base = true;
  EXPECT_EQ(one_line(said("guild", "", {base, said("name", "\"a\"")}), 100),
            "{id = 7, name = \"a\"}");
  EXPECT_EQ(one_line(said("v", "2 elements", {said("[0]", "1"), said("[1]", "2")}), 100),
            "2 elements {1, 2}");
  EXPECT_EQ(one_line(said("m", "2 elements", {said("[\"k\"]", "1"), said("[7]", "2")}), 100),
            "2 elements {\"k\": 1, 7: 2}");
  EXPECT_EQ(one_line(said("nothing", ""), 100), "{}");
}

TEST(OneLine, SaysThatThereIsMore) {
  objects::Field many = said("v", "9 elements", {said("[0]", "1")});
  many.note = "8 more are not shown";
  EXPECT_EQ(one_line(many, 100), "9 elements {1, ...}");
}

TEST(OneLine, IsCutBetweenCharacters) {
  EXPECT_EQ(one_line(said("s", "12345678"), 4), "1234...");
  EXPECT_EQ(one_line(said("s", "12\xed\x95\x9c"), 4), "12...");
  objects::Field wide = said("v", "");
  for (int i = 0; i < 100000; ++i) wide.fields.push_back(said("field", "value"));
  EXPECT_LT(one_line(wide, 50).size(), 60u);
}

class Availability : public testing::Test {
 protected:
  void SetUp() override {
    process_ = DeadProcess().map(0x7000, std::vector<std::byte>(4096)).open();
    frame_.registers = snapshot::Registers(snapshot::Arch::x86_64);
    frame_.registers.set_sp({0x7000});
    frame_.pc_is_exact = false;
    frame_.cfa = {0x7100};
  }
  std::string why(Place place, uint64_t size = 4) const {
    return why_unavailable(*process_, frame_,
                           {.said = {.name = "x", .place = place}, .size = size});
  }
  static Place in_register(snapshot::Register reg) {
    return {.kind = Place::Kind::in_register, .reg = reg};
  }
  static Place in_memory(uint64_t at) { return {.kind = Place::Kind::memory, .value = at}; }

  std::unique_ptr<Process> process_;
  unwind::Frame frame_{.trust = unwind::Trust::cfi};
};

TEST_F(Availability, OfRegistersEndsWithThoseThatWereKept) {
  frame_.registers.set(snapshot::x64::rbx, 7);
  EXPECT_EQ(why(in_register(snapshot::x64::rbx)), "");
  EXPECT_THAT(why(in_register(snapshot::x64::rdi)), HasSubstr("rdi was not kept"));
  EXPECT_THAT(why(in_register(17)), HasSubstr("not kept")) << "vector registers are not read";
  EXPECT_THAT(why(in_register(snapshot::x64::rbx), 16), HasSubstr("only a part"));
}

TEST_F(Availability, IsNotThatOfAGuessedFrame) {
  frame_.registers.set(snapshot::x64::rbx, 7);
  EXPECT_EQ(why(in_memory(0x7080)), "");
  frame_.trust = unwind::Trust::scan;
  EXPECT_THAT(why(in_memory(0x7080)), HasSubstr("a guess"));
  EXPECT_THAT(why(in_register(snapshot::x64::rbx)), HasSubstr("a guess"));
  EXPECT_EQ(why({.kind = Place::Kind::constant, .value = 3}), "");
  frame_.trust = unwind::Trust::cfi;
  frame_.confidence = 0.5F;
  EXPECT_THAT(why(in_memory(0x7080)), HasSubstr("a guess"));
}

TEST_F(Availability, SaysWhetherTheCompilerOrTheDumpLostIt) {
  EXPECT_EQ(why({}), "optimised out");
  EXPECT_THAT(why({.is_lost = true}), HasSubstr("register that was not kept"));
}

TEST_F(Availability, BeginsWithTheFrame) {
  frame_.pc_is_exact = true;
  frame_.cfa = {0x7008};
  frame_.registers.set(snapshot::x64::rbp, 0x7200);
  EXPECT_THAT(why(in_memory(0x71f0)), HasSubstr("no frame")) << "rbp is the caller's";
  EXPECT_EQ(why(in_memory(0x6ff0)), "") << "the red zone of a leaf";
  frame_.cfa = {0x7010};
  EXPECT_EQ(why(in_memory(0x71f0)), "");
}

TEST(DescribeVariables, WithoutDebugInformationLeavesFramesAsTheyAre) {
  auto process = DeadProcess()
                     .map(0x7000, std::vector<std::byte>(4096))
                     .module(0x400000, 0x1000, "/bin/patient", true)
                     .thread(1, "main", {{"rip", 0x400010}, {"rsp", 0x7000}}, true)
                     .open();
  auto stacks = process->describe_stacks();
  std::vector<Warning> warnings;
  describe_variables(*process, {}, stacks, warnings);
  ASSERT_FALSE(stacks.empty());
  for (const auto& frame : stacks[0].frames) EXPECT_FALSE(frame.variables);
  EXPECT_TRUE(warnings.empty());
}

}  // namespace
}  // namespace inquest::cause
