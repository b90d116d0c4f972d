#include "unwind/cfi/expression.h"

#include <gtest/gtest.h>

namespace inquest::unwind {
namespace {

using snapshot::Arch;

class Expression : public testing::Test {
 protected:
  Expression() {
    for (size_t i = 0; i < stack_.size(); ++i) stack_[i] = std::byte(i);
    memory_.add(Address{0x1000}, stack_, snapshot::Origin::dump, nullptr);
    registers_.set(7, 0x1000);
    registers_.set(16, 0x40112b);
  }
  std::optional<uint64_t> run(std::initializer_list<uint8_t> code,
                              std::optional<uint64_t> cfa = {}) {
    std::vector<uint8_t> bytes(code);
    Words words(memory_, 8);
    return evaluate(std::as_bytes(std::span(bytes)), registers_, words, cfa);
  }

  std::array<std::byte, 64> stack_;
  snapshot::Memory memory_;
  snapshot::Registers registers_{Arch::x86_64};
};

TEST_F(Expression, ComputesThePltRule) {
  // breg7 8; breg16 0; lit15; and; lit11; ge; lit3; shl; plus
  std::initializer_list<uint8_t> code{0x77, 0x08, 0x80, 0x00, 0x3f, 0x1a,
                                      0x3b, 0x2a, 0x33, 0x24, 0x22};
  EXPECT_EQ(run(code), 0x1010u) << "after the push";
  registers_.set(16, 0x401126);
  EXPECT_EQ(run(code), 0x1008u) << "before it";
}

TEST_F(Expression, HandlesTheStackAndArithmetic) {
  EXPECT_EQ(run({0x31, 0x32, 0x33, 0x17}), 2u) << "rot: 1 2 3 -> 3 1 2";
  EXPECT_EQ(run({0x31, 0x32, 0x16}), 1u) << "swap";
  EXPECT_EQ(run({0x31, 0x32, 0x14}), 1u) << "over";
  EXPECT_EQ(run({0x31, 0x32, 0x33, 0x15, 0x02}), 1u) << "pick";
  EXPECT_EQ(run({0x31, 0x32, 0x13}), 1u) << "drop";
  EXPECT_EQ(run({0x09, 0xff, 0x19}), 1u) << "abs(-1)";
  EXPECT_EQ(run({0x09, 0xf8, 0x33, 0x1b}), static_cast<uint64_t>(-2)) << "-8 / 3";
  EXPECT_EQ(run({0x09, 0xf8, 0x31, 0x26}), static_cast<uint64_t>(-4)) << "-8 >> 1, arithmetic";
  EXPECT_EQ(run({0x31, 0x08, 64, 0x24}), 0u) << "shifts past the width";
  EXPECT_EQ(run({0x31, 0x30, 0x1b}), std::nullopt) << "division by zero";
  EXPECT_EQ(run({0x09, 0xff, 0x31, 0x2d}), 1u) << "-1 < 1, signed";
  EXPECT_EQ(run({0x31, 0x28, 0x01, 0x00, 0x32, 0x35}), 5u) << "a branch taken";
  EXPECT_EQ(run({0x23, 0x10}, 0x1000), 0x1010u) << "plus_uconst on the CFA";
}

TEST_F(Expression, ReadsMemory) {
  EXPECT_EQ(run({0x77, 0x08, 0x06}), 0x0f0e0d0c0b0a0908u);
  EXPECT_EQ(run({0x77, 0x08, 0x94, 0x02}), 0x0908u);
  EXPECT_EQ(run({0x30, 0x06}), std::nullopt) << "unreadable";
  EXPECT_EQ(run({0x70, 0x00}), std::nullopt) << "rax is not known";
}

TEST_F(Expression, Ends) {
  EXPECT_EQ(run({}), std::nullopt);
  EXPECT_EQ(run({0x2f, 0xfd, 0xff}), std::nullopt) << "a loop";
  EXPECT_EQ(run({0x2f, 0x00, 0x70}), std::nullopt) << "a jump outside";
  EXPECT_EQ(run({0x22}), std::nullopt) << "an empty stack";
  EXPECT_EQ(run({0x31, 0x12, 0x2f, 0xfc, 0xff}), std::nullopt) << "a stack without end";
  EXPECT_EQ(run({0xe0}), std::nullopt) << "an unknown operation";
}

}  // namespace
}  // namespace inquest::unwind
