#include "format/minidump/context.h"

#include <gtest/gtest.h>

#include "testkit/minidump.h"

namespace inquest::minidump {
namespace {

using testkit::dump_context;
using testkit::DumpCpu;

TEST(Context, NumbersRegistersAsDwarfDoes) {
  auto x64 = read_context(dump_context(DumpCpu::x64, {{"rax", 1},
                                                      {"rdx", 2},
                                                      {"rcx", 3},
                                                      {"rbx", 4},
                                                      {"rsi", 5},
                                                      {"rdi", 6},
                                                      {"rbp", 7},
                                                      {"rsp", 8},
                                                      {"r8", 9},
                                                      {"r15", 10},
                                                      {"rip", 0x7ff600001000}}),
                          Cpu::x64);
  ASSERT_TRUE(x64);
  for (size_t n = 0; n < 8; ++n) EXPECT_EQ(x64->values[n], n + 1);
  EXPECT_EQ(x64->values[8], 9u);
  EXPECT_EQ(x64->values[15], 10u);
  EXPECT_EQ(x64->values[16], 0x7ff600001000u);
  EXPECT_EQ(x64->known, 0x1ffffu);
  EXPECT_EQ(x64->vectors.size(), 512u);

  auto x86 = read_context(dump_context(DumpCpu::x86, {{"eax", 1},
                                                      {"ecx", 2},
                                                      {"edx", 3},
                                                      {"ebx", 4},
                                                      {"esp", 5},
                                                      {"ebp", 6},
                                                      {"esi", 7},
                                                      {"edi", 8},
                                                      {"eip", 9}}),
                          Cpu::x86);
  ASSERT_TRUE(x86);
  for (size_t n = 0; n < 9; ++n) EXPECT_EQ(x86->values[n], n + 1);
  EXPECT_EQ(x86->known, 0x1ffu);

  auto arm = read_context(
      dump_context(DumpCpu::arm, {{"r0", 1}, {"r12", 2}, {"sp", 3}, {"lr", 4}, {"pc", 5}}),
      Cpu::arm);
  ASSERT_TRUE(arm);
  EXPECT_EQ(arm->values[0], 1u);
  EXPECT_EQ(arm->values[12], 2u);
  EXPECT_EQ(arm->values[13], 3u);
  EXPECT_EQ(arm->values[14], 4u);
  EXPECT_EQ(arm->values[15], 5u);
}

TEST(Context, ReadsBothLayoutsOfArm64) {
  for (DumpCpu cpu : {DumpCpu::arm64, DumpCpu::arm64_breakpad}) {
    auto context = read_context(
        dump_context(cpu, {{"x0", 1}, {"x28", 2}, {"fp", 3}, {"lr", 4}, {"sp", 5}, {"pc", 6}}),
        Cpu::arm64);
    ASSERT_TRUE(context) << context.error().line();
    EXPECT_EQ(context->values[0], 1u);
    EXPECT_EQ(context->values[28], 2u);
    EXPECT_EQ(context->values[29], 3u);
    EXPECT_EQ(context->values[30], 4u);
    EXPECT_EQ(context->values[31], 5u);
    EXPECT_EQ(context->values[32], 6u);
    EXPECT_EQ(context->known, 0x1ffffffffu);
  }
}

TEST(Context, KnowsOnlyTheRecordedParts) {
  auto control =
      read_context(dump_context(DumpCpu::x64, {{"rip", 1}, {"rax", 2}}, 0x100001), Cpu::x64);
  ASSERT_TRUE(control);
  EXPECT_TRUE(control->has(16));
  EXPECT_TRUE(control->has(7));
  EXPECT_FALSE(control->has(0));
  EXPECT_FALSE(control->has(6));
  auto integer = read_context(dump_context(DumpCpu::x86, {}, 0x10002), Cpu::x86);
  ASSERT_TRUE(integer);
  EXPECT_FALSE(integer->has(8));
  EXPECT_TRUE(integer->has(0));
  EXPECT_FALSE(integer->has(99));
}

TEST(Context, ToleratesExtendedStateAndTheSystemsNotes) {
  // XSTATE with AVX and CET areas behind; CONTEXT_EXCEPTION_REPORTING | EXCEPTION_ACTIVE.
  auto context = read_context(dump_context(DumpCpu::x64, {{"rip", 1}}, 0x8810005f, 3000), Cpu::x64);
  ASSERT_TRUE(context) << context.error().line();
  EXPECT_EQ(context->values[16], 1u);
  auto arm64 = read_context(dump_context(DumpCpu::arm64, {{"pc", 1}}, 0x88400001), Cpu::arm64);
  ASSERT_TRUE(arm64);
  EXPECT_TRUE(arm64->has(32));
  EXPECT_FALSE(arm64->has(0));  // it is not Breakpad's layout, whose bit is also set
}

TEST(Context, RefusesWhatIsNotOne) {
  auto context = dump_context(DumpCpu::x64, {});
  EXPECT_FALSE(read_context({}, Cpu::x64));
  EXPECT_FALSE(read_context(Bytes(context).first(0xff), Cpu::x64));
  EXPECT_TRUE(read_context(Bytes(context).first(0x100), Cpu::x64));
  auto other = read_context(dump_context(DumpCpu::arm64, {}), Cpu::x86);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().what, "a context with flags 0x400007 is not one of x86");
}

TEST(Context, TellsItsProcessor) {
  EXPECT_EQ(cpu_of_context(dump_context(DumpCpu::x64, {})), Cpu::x64);
  EXPECT_EQ(cpu_of_context(dump_context(DumpCpu::x86, {})), Cpu::x86);
  EXPECT_EQ(cpu_of_context(dump_context(DumpCpu::arm, {})), Cpu::arm);
  EXPECT_EQ(cpu_of_context(dump_context(DumpCpu::arm64, {})), Cpu::arm64);
  EXPECT_EQ(cpu_of_context(dump_context(DumpCpu::arm64_breakpad, {})), Cpu::arm64);
  EXPECT_EQ(cpu_of_context({}), std::nullopt);
  EXPECT_EQ(cpu_of_context(std::vector<std::byte>(2000)), std::nullopt);
}

}  // namespace
}  // namespace inquest::minidump
