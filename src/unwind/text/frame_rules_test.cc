// Frames by the texts of .sym files and PDBs: STACK CFI everywhere, STACK WIN on 32-bit Windows.
#include <gtest/gtest.h>

#include "testkit/stack.h"
#include "unwind/text/cfi_text.h"
#include "unwind/text/postfix.h"
#include "unwind/unwind.h"

namespace inquest::unwind {
namespace {

using breakpad::CfiFrame;
using breakpad::FrameRules;
using breakpad::WinFrame;
using snapshot::Arch;
using snapshot::Register;
namespace x64 = snapshot::x64;

constexpr uint64_t kBase = 0x400000, kStack = 0x7ff000;
constexpr Register kEbx = 3, kEsp = 4, kEbp = 5, kEsi = 6, kEip = 8;

/// A process of one module of 0x1000 bytes of code, of which only frame rules are known.
struct RuledProcess {
  explicit RuledProcess(Arch arch)
      : stack(kStack, 0x4000, snapshot::pointer_size(arch)), registers(arch) {
    snapshot.arch = arch;
    snapshot.os = snapshot::Os::windows;
    code.resize(0x1000, std::byte{0x90});
  }
  uint64_t call(uint32_t returns_to, uint32_t target) {
    uint32_t distance = target - returns_to, at = returns_to - 5;
    for (uint32_t byte : {0xe8u, distance, distance >> 8, distance >> 16, distance >> 24}) {
      code[at++] = static_cast<std::byte>(byte);
    }
    return kBase + returns_to;
  }
  Stack walk() {
    rules.sort();
    if (has_code) snapshot.memory.add(Address{kBase}, code, snapshot::Origin::dump, nullptr);
    snapshot.memory.add(Address{kStack}, stack.bytes(), snapshot::Origin::dump, nullptr);
    snapshot.modules = {
        {.path = "a.dll", .range = {Address{kBase}, Address{kBase + 0x1000}}, .bias = kBase}};
    auto shared = std::make_shared<FrameRules>(rules);
    Unwinder unwinder(snapshot,
                      [&](const snapshot::Module&) { return RuleSource{.frame_rules = shared}; });
    return unwinder.walk(registers);
  }

  snapshot::Snapshot snapshot;
  std::vector<std::byte> code;
  bool has_code = true;
  FrameRules rules;
  testkit::StackBytes stack;
  snapshot::Registers registers;
};

std::string describe(const Stack& stack) {
  std::string text;
  for (const Frame& frame : stack.frames) {
    text += fmt::format("{} {} {} sp {}\n", frame.pc, name(frame.trust), frame.confidence,
                        frame.registers.sp().value_or(Address{}));
  }
  return text + stack.note;
}

TEST(Postfix, Calculates) {
  testkit::StackBytes stack(kStack, 0x100, 4);
  stack.put(kStack + 8, 0x1234);
  snapshot::Memory memory;
  memory.add(Address{kStack}, stack.bytes(), snapshot::Origin::dump, nullptr);
  Words words(memory, 4);
  PostfixVariables variables;
  variables.set("$esp", kStack);
  auto value = [&](std::string_view text) { return evaluate_postfix(text, variables, words); };
  EXPECT_EQ(value("$esp 8 + ^"), 0x1234u);
  EXPECT_EQ(value("7 3 - 2 *"), 8u);
  EXPECT_EQ(value("7 2 / 7 2 % +"), 4u);
  EXPECT_EQ(value("0x1237 16 @"), 0x1230u);
  EXPECT_EQ(value("4 -8 +"), 0xfffffffcu) << "as wide as a pointer";
  EXPECT_FALSE(value("$esp 1 0 /"));
  EXPECT_FALSE(value("1 0 @"));
  EXPECT_FALSE(value("$eax 1 +")) << "not known";
  EXPECT_FALSE(value("1 2")) << "two values";
  EXPECT_FALSE(value("+"));
  EXPECT_FALSE(value(""));
  EXPECT_FALSE(value("0x100 ^")) << "unreadable";
  EXPECT_FALSE(value("$T0 1 =")) << "an expression assigns nothing";
  EXPECT_FALSE(value(std::string(kLongestProgram + 1, '1')));

  EXPECT_TRUE(run_postfix("$T0 $esp 4 + = $eax $T0 4 + ^ =", variables, words));
  EXPECT_EQ(variables.assigned("$eax"), 0x1234u);
  EXPECT_FALSE(variables.assigned("$esp"));
  EXPECT_FALSE(run_postfix("1 2 =", variables, words)) << "nothing to assign to";
  EXPECT_FALSE(run_postfix("=", variables, words));
}

TEST(StackCfi, FollowsRulesThatChange) {
  RuledProcess process(Arch::x86_64);
  uint64_t to_middle = process.call(0x150, 0), to_start = process.call(0x250, 0x100);
  process.rules.deltas = {{.rva = 0x1, .rules = ".cfa: $rsp 16 + $rbp: .cfa 16 - ^"},
                          {.rva = 0x4, .rules = ".cfa: $rbp 16 +"},
                          {.rva = 0x80, .rules = ".cfa: $rsp 8 +"}};
  std::string_view plain = ".cfa: $rsp 8 + .ra: .cfa 8 - ^";
  process.rules.cfi = {
      {.begin = 0, .size = 0x100, .rules = plain, .delta_count = 3},
      {.begin = 0x100, .size = 0x100, .rules = ".cfa: $rsp 24 + .ra: .cfa 8 - ^ $rbx: .cfa 16 - ^"},
      {.begin = 0x200, .size = 0x100, .rules = ".cfa: $rsp 8 + .ra: .undef"}};
  process.registers.set(x64::rip, kBase + 0x20);
  process.registers.set(x64::rsp, kStack + 0x100);
  process.registers.set(x64::rbp, kStack + 0x120);
  process.registers.set(x64::rbx, 7);
  process.registers.set(x64::rsi, 0x51);
  process.stack.put(kStack + 0x120, 0xbb).put(kStack + 0x128, to_middle);
  process.stack.put(kStack + 0x138, 0xb0b).put(kStack + 0x140, to_start);
  Stack stack = process.walk();
  ASSERT_EQ(stack.frames.size(), 3u) << describe(stack);
  EXPECT_EQ(stack.end, End::outermost);
  EXPECT_EQ(stack.frames[1].pc, Address{to_middle});
  EXPECT_EQ(stack.frames[1].trust, Trust::cfi);
  EXPECT_EQ(stack.frames[1].registers.get(x64::rbp), 0xbbu);
  EXPECT_EQ(stack.frames[1].registers.get(x64::rbx), 7u);
  EXPECT_EQ(stack.frames[1].registers.get(x64::rsi), 0x51u) << "Windows' calls keep it";
  EXPECT_EQ(stack.frames[2].registers.get(x64::rbx), 0xb0bu);
  EXPECT_EQ(stack.frames[2].registers.sp(), Address{kStack + 0x148});
}

TEST(StackCfi, KnowsTheNamesOfOtherArchitectures) {
  FrameRules rules;
  rules.cfi = {{.begin = 0,
                .size = 0x100,
                .rules = ".cfa: sp 32 + .ra: .cfa -8 + ^ x29: .cfa -16 + ^ x19: .undef"}};
  auto row = text_row(rules, 0x10, Arch::aarch64);
  ASSERT_TRUE(row);
  ASSERT_EQ(row->registers.size(), 2u);
  EXPECT_EQ(row->registers[1].first, 29);
  testkit::StackBytes stack(kStack, 0x100, 8);
  stack.put(kStack + 24, 0x1234).put(kStack + 16, 0x29);
  snapshot::Memory memory;
  memory.add(Address{kStack}, stack.bytes(), snapshot::Origin::dump, nullptr);
  Words words(memory, 8);
  snapshot::Registers callee(Arch::aarch64);
  callee.set(snapshot::arm64::sp, kStack);
  callee.set(snapshot::arm64::lr, 1);
  callee.set(19, 5);
  callee.set(20, 6);
  Executed executed = execute(*row, callee, words, false);
  ASSERT_EQ(executed.status, Executed::Status::done);
  EXPECT_EQ(executed.caller.pc(), Address{0x1234});
  EXPECT_EQ(executed.caller.get(29), 0x29u);
  EXPECT_FALSE(executed.caller.get(19)) << "said to be lost";
  EXPECT_EQ(executed.caller.get(20), 6u);
  EXPECT_FALSE(executed.caller.get(snapshot::arm64::lr));
  EXPECT_EQ(register_of_rule(Arch::arm, "r14"), Register{14});
  EXPECT_EQ(register_of_rule(Arch::aarch64, "lr"), Register{30});
  EXPECT_FALSE(register_of_rule(Arch::x86_64, "$xmm0"));
}

TEST(StackCfi, RefusesDamage) {
  FrameRules rules;
  rules.cfi = {{.begin = 0,
                .size = 8,
                .rules = "no rules at all",
                .first_delta = 7,
                .delta_count = 0xffffffff},
               {.begin = 8, .size = 8, .rules = ".cfa: $rsp 8 +"},
               {.begin = 16, .size = 8, .rules = ".cfa: .ra: .cfa"}};
  EXPECT_FALSE(text_row(rules, 0, Arch::x86_64));
  EXPECT_FALSE(text_row(rules, 8, Arch::x86_64)) << "no return address";
  auto empty = text_row(rules, 16, Arch::x86_64);
  if (empty) {
    snapshot::Memory memory;
    Words words(memory, 8);
    EXPECT_NE(execute(*empty, snapshot::Registers(Arch::x86_64), words, false).status,
              Executed::Status::done);
  }
}

/// `leaf` by a program without a frame pointer, called by stdcall with 8 bytes of arguments from
/// `middle` (FPO), which `start` called (a frame of ebp).
struct Win32 : RuledProcess {
  Win32() : RuledProcess(Arch::x86) {
    to_middle = call(0x150, 0);
    to_start = call(0x250, 0x100);
    rules.win = {{.begin = 0,
                  .size = 0x100,
                  .parameter_size = 8,
                  .saved_register_size = 4,
                  .local_size = 0x10,
                  .program = "$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + = $ebx $T0 4 - ^ ="},
                 {.begin = 0x100,
                  .size = 0x100,
                  .prologue_size = 3,
                  .parameter_size = 4,
                  .saved_register_size = 4,
                  .local_size = 0x20},
                 {.begin = 0x200,
                  .size = 0x100,
                  .program = "$T0 $ebp = $eip $T0 4 + ^ = $ebp $T0 ^ = $esp $T0 8 + ="}};
    registers.set(kEip, kBase + 0x20);
    registers.set(kEsp, kStack + 0x100);
    registers.set(kEbp, kStack + 0x200);
    registers.set(kEbx, 7);
    registers.set(kEsi, 0x51);
    stack.put(kStack + 0x110, 0xbb).put(kStack + 0x114, to_middle);
    // After the return address the two arguments, then what `middle` has.
    stack.put(kStack + 0x118 + 8 + 0x24, to_start);
    stack.put(kStack + 0x200, 0).put(kStack + 0x204, 0);
  }
  uint64_t to_middle, to_start;
};

TEST(StackWin, CountsTheArgumentsOfTheCall) {
  Win32 process;
  Stack stack = process.walk();
  ASSERT_EQ(stack.frames.size(), 3u) << describe(stack);
  EXPECT_EQ(stack.end, End::outermost) << stack.note;
  EXPECT_EQ(stack.frames[1].pc, Address{process.to_middle});
  EXPECT_EQ(stack.frames[1].trust, Trust::cfi);
  EXPECT_EQ(stack.frames[1].registers.get(kEbx), 0xbbu);
  EXPECT_FALSE(stack.frames[1].registers.get(kEsi)) << "saved somewhere, nobody says where";
  EXPECT_EQ(stack.frames[1].registers.sp(), Address{kStack + 0x118});
  EXPECT_EQ(stack.frames[2].pc, Address{process.to_start});
  EXPECT_EQ(stack.frames[2].trust, Trust::cfi);
  EXPECT_EQ(stack.frames[2].registers.get(kEbp), kStack + 0x200);
}

TEST(StackWin, TakesTheReturnAddressSomewhatHigher) {
  // A push that no record counts.
  Win32 process;
  process.registers.set(kEsp, kStack + 0xf8);
  Stack stack = process.walk();
  ASSERT_EQ(stack.frames.size(), 3u) << describe(stack);
  EXPECT_EQ(stack.frames[1].pc, Address{process.to_middle});
}

TEST(StackWin, WorksWithoutTheCode) {
  Win32 process;
  process.has_code = false;
  Stack stack = process.walk();
  ASSERT_EQ(stack.frames.size(), 3u) << describe(stack);
  EXPECT_EQ(stack.frames[2].pc, Address{process.to_start});
}

TEST(StackWin, KnowsTheFirstInstructionOfAnFpoFunction) {
  Win32 process;
  process.registers.set(kEip, kBase + 0x100);
  process.registers.set(kEsp, kStack + 0x118 + 8 + 0x24);
  Stack stack = process.walk();
  ASSERT_EQ(stack.frames.size(), 2u) << describe(stack);
  EXPECT_EQ(stack.frames[1].pc, Address{process.to_start});
  EXPECT_EQ(stack.frames[1].trust, Trust::cfi);
}

TEST(StackWin, FindsTheBasePointerThatFpoSaved) {
  Win32 process;
  process.rules.win[1].allocates_base_pointer = true;
  process.rules.win[1].saved_register_size = 8;
  process.rules.win[1].local_size = 0x1c;
  // ebp lies where the program says: esp + arguments + saved registers - 8.
  process.stack.put(kStack + 0x118 + 8 + 8 - 8, kStack + 0x200);
  process.registers.set(kEbp, 0x77);
  Stack stack = process.walk();
  ASSERT_EQ(stack.frames.size(), 3u) << describe(stack);
  EXPECT_EQ(stack.frames[2].registers.get(kEbp), kStack + 0x200);
}

TEST(StackWin, SkipsTheSystemCallThatHasReturned) {
  Win32 process;
  // An FPO record without locals; on top of the stack the current instruction.
  process.rules.win.push_back({.begin = 0x300, .size = 0x10});
  process.call(0x305, 0x400);
  process.registers.set(kEip, kBase + 0x305);
  process.registers.set(kEsp, kStack + 0x80);
  process.stack.put(kStack + 0x80, kBase + 0x305).put(kStack + 0x84, process.to_start);
  Stack stack = process.walk();
  ASSERT_EQ(stack.frames.size(), 2u) << describe(stack);
  EXPECT_EQ(stack.frames[1].pc, Address{process.to_start});
}

TEST(StackWin, FallsBackToFramePointersAndScans) {
  Win32 process;
  process.rules = {};
  process.registers.set(kEbp, kStack + 0x110);
  process.stack.put(kStack + 0x110, kStack + 0x140).put(kStack + 0x140, 0);
  process.stack.put(kStack + 0x144, process.to_start);
  Stack stack = process.walk();
  ASSERT_EQ(stack.frames.size(), 3u) << describe(stack);
  EXPECT_EQ(stack.frames[1].trust, Trust::fp);
  EXPECT_EQ(stack.frames[2].pc, Address{process.to_start});

  Win32 scanned;
  scanned.rules.win[0].program = "$T0 nonsense";
  stack = scanned.walk();
  ASSERT_GE(stack.frames.size(), 2u) << describe(stack);
  EXPECT_EQ(stack.frames[1].pc, Address{scanned.to_middle});
  EXPECT_EQ(stack.frames[1].trust, Trust::scan);
}

}  // namespace
}  // namespace inquest::unwind
