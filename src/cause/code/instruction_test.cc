#include "cause/code/instruction.h"

#include <gtest/gtest.h>

namespace inquest::cause {
namespace {

using snapshot::Arch;
namespace x64 = snapshot::x64;

std::vector<std::byte> code(std::initializer_list<int> bytes) {
  std::vector<std::byte> out;
  for (int b : bytes) out.push_back(static_cast<std::byte>(b));
  return out;
}

Instruction decoded(std::initializer_list<int> bytes, Address at = {0x1000}) {
  auto raw = code(bytes);
  auto instruction = decode(Arch::x86_64, raw, at);
  EXPECT_TRUE(instruction);
  return instruction.value_or(Instruction{});
}

const Operand* memory_operand(const Instruction& instruction) {
  for (const auto& operand : instruction.operands) {
    if (operand.kind == Operand::Kind::memory) return &operand;
  }
  return nullptr;
}

TEST(Instruction, ReadsAMember) {
  auto i = decoded({0x8b, 0x40, 0x2c});  // mov eax, [rax+0x2c]
  EXPECT_EQ(i.length, 3u);
  EXPECT_EQ(i.operation, Operation::move);
  const Operand* memory = memory_operand(i);
  ASSERT_TRUE(memory);
  EXPECT_TRUE(memory->read);
  EXPECT_FALSE(memory->write);
  EXPECT_EQ(memory->base, x64::rax);
  EXPECT_EQ(memory->displacement, 0x2c);
  EXPECT_EQ(memory->size, 4u);
  snapshot::Registers registers(Arch::x86_64);
  EXPECT_FALSE(effective_address(i, *memory, registers, {}));
  registers.set(x64::rax, 0);
  EXPECT_EQ(effective_address(i, *memory, registers, {}), Address{0x2c});
  auto raw = code({0x8b, 0x40, 0x2c});
  EXPECT_EQ(disassemble(Arch::x86_64, raw, {0x1000}), "mov eax, [rax+0x2c]");
}

TEST(Instruction, ComputesAllPartsOfAnAddress) {
  auto i = decoded({0x4c, 0x89, 0x64, 0xce, 0xf8});  // mov [rsi+rcx*8-8], r12
  const Operand* memory = memory_operand(i);
  ASSERT_TRUE(memory);
  EXPECT_TRUE(memory->write);
  snapshot::Registers registers(Arch::x86_64);
  registers.set(x64::rsi, 0x10000);
  registers.set(x64::rcx, 3);
  EXPECT_EQ(effective_address(i, *memory, registers, {}), Address{0x10010});
}

TEST(Instruction, CountsFromTheNextInstruction) {
  auto i = decoded({0x48, 0x8b, 0x05, 0x10, 0, 0, 0}, {0x400000});  // mov rax, [rip+0x10]
  const Operand* memory = memory_operand(i);
  ASSERT_TRUE(memory);
  EXPECT_TRUE(memory->pc_relative);
  EXPECT_EQ(effective_address(i, *memory, snapshot::Registers(Arch::x86_64), {}),
            Address{0x400017});
}

TEST(Instruction, NeedsTheSegmentBase) {
  auto i = decoded({0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0});  // mov rax, fs:[0x28]
  const Operand* memory = memory_operand(i);
  ASSERT_TRUE(memory);
  snapshot::Registers registers(Arch::x86_64);
  EXPECT_FALSE(effective_address(i, *memory, registers, {}));
  EXPECT_EQ(effective_address(i, *memory, registers, 0x7000), Address{0x7028});
}

TEST(Instruction, PushWritesBelowTheStackPointer) {
  auto i = decoded({0x55});  // push rbp
  const Operand* memory = memory_operand(i);
  ASSERT_TRUE(memory);
  EXPECT_TRUE(memory->write);
  EXPECT_TRUE(memory->implicit);
  snapshot::Registers registers(Arch::x86_64);
  registers.set(x64::rsp, 0x8000);
  EXPECT_EQ(effective_address(i, *memory, registers, {}), Address{0x7ff8});
}

TEST(Instruction, ReadModifyWriteIsBoth) {
  auto i = decoded({0x83, 0x47, 0x20, 0x01});  // add dword [rdi+0x20], 1
  const Operand* memory = memory_operand(i);
  ASSERT_TRUE(memory);
  EXPECT_TRUE(memory->read);
  EXPECT_TRUE(memory->write);
}

TEST(Instruction, KnowsTheAlignmentThatIsDemanded) {
  EXPECT_EQ(memory_operand(decoded({0x0f, 0x28, 0x07}))->alignment, 16u);        // movaps
  EXPECT_EQ(memory_operand(decoded({0x66, 0x0f, 0x6f, 0x07}))->alignment, 16u);  // movdqa
  EXPECT_EQ(memory_operand(decoded({0x0f, 0x58, 0x07}))->alignment, 16u);        // addps
  EXPECT_EQ(memory_operand(decoded({0x66, 0x0f, 0xfe, 0x07}))->alignment, 16u);  // paddd
  EXPECT_EQ(memory_operand(decoded({0x0f, 0x10, 0x07}))->alignment, 0u);         // movups
  EXPECT_EQ(memory_operand(decoded({0xf3, 0x0f, 0x6f, 0x07}))->alignment, 0u);   // movdqu
  EXPECT_EQ(memory_operand(decoded({0xf3, 0x0f, 0x58, 0x07}))->alignment, 0u);   // addss
  EXPECT_EQ(memory_operand(decoded({0xc5, 0xfc, 0x28, 0x07}))->alignment, 32u);  // vmovaps ymm
  EXPECT_EQ(memory_operand(decoded({0xc5, 0xf8, 0x58, 0x07}))->alignment, 0u);   // vaddps
}

TEST(Instruction, TellsWhereControlGoes) {
  auto call = decoded({0xe8, 0x10, 0, 0, 0}, {0x2000});
  EXPECT_EQ(call.flow, Flow::call);
  EXPECT_EQ(call.target, Address{0x2015});
  auto jump = decoded({0xeb, 0xfe}, {0x2000});
  EXPECT_EQ(jump.flow, Flow::jump);
  EXPECT_EQ(jump.target, Address{0x2000});
  EXPECT_EQ(decoded({0x74, 0x02}).flow, Flow::branch);
  EXPECT_EQ(decoded({0xc3}).flow, Flow::ret);
  auto through = decoded({0xff, 0x50, 0x10});  // call [rax+0x10]
  EXPECT_EQ(through.flow, Flow::call);
  EXPECT_FALSE(through.target);
  ASSERT_TRUE(through.explicit_operand(0));
  EXPECT_EQ(through.explicit_operand(0)->displacement, 0x10);
}

TEST(Instruction, TellsTrapsApart) {
  EXPECT_TRUE(decoded({0x0f, 0x0b}).is_undefined_trap);
  EXPECT_TRUE(decoded({0xcc}).is_breakpoint);
  EXPECT_TRUE(decoded({0xf4}).is_halt_or_privileged);
  EXPECT_FALSE(decoded({0x90}).is_undefined_trap);
}

TEST(Instruction, RefusesWhatIsNone) {
  EXPECT_FALSE(decode(Arch::x86_64, code({0x06}), {0x1000}));
  EXPECT_FALSE(decode(Arch::x86_64, code({0x48, 0x8b}), {0x1000}));  // cut
  EXPECT_FALSE(decode(Arch::x86_64, Bytes{}, {0x1000}));
  EXPECT_FALSE(decode(Arch::aarch64, code({0xc3, 0, 0, 0}), {0x1000}));
}

TEST(Instruction, DecodesThirtyTwoBit) {
  auto raw = code({0x8b, 0x45, 0x08});  // mov eax, [ebp+8]
  auto i = decode(Arch::x86, raw, {0x1000});
  ASSERT_TRUE(i);
  const Operand* memory = memory_operand(*i);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->base, snapshot::Register{5});
}

TEST(Canonical, SplitsTheAddressSpace) {
  EXPECT_TRUE(is_canonical({0x7fffffffffff}));
  EXPECT_FALSE(is_canonical({0x800000000000}));
  EXPECT_FALSE(is_canonical({0x6f6c6c6568202020}));
  EXPECT_TRUE(is_canonical({0xffff800000000000}));
}

}  // namespace
}  // namespace inquest::cause
