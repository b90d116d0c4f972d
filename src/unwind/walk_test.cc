#include <gtest/gtest.h>
#include <thread>

#include "unwind/test_process.h"

namespace inquest::unwind {
namespace {

using snapshot::Arch;
using testkit::CfiProgram;
namespace x64 = snapshot::x64;
constexpr uint64_t kCode = TestProcess::kCode, kStack = TestProcess::kStack;
constexpr uint64_t kText = testkit::FrameImage::kCode;

std::string describe(const Stack& stack) {
  std::string text;
  for (const Frame& frame : stack.frames) {
    text += fmt::format("{} {} {:.2f} cfa {}\n", frame.pc, name(frame.trust), frame.confidence,
                        frame.cfa);
  }
  return text + fmt::format("{} {}", name(stack.end), stack.note);
}

/// Functions of 0x100 bytes each: `leaf` at 0, `middle` at 0x100, `start` at 0x200, which nobody
/// called. All push rbp and keep 0x20 bytes of frame.
struct Three : TestProcess {
  explicit Three(bool described = true) : TestProcess(Arch::x86_64) {
    size_t cie = frames.cie(testkit::x64_cie());
    if (!described) return;
    auto framed =
        CfiProgram().advance(1).def_cfa_offset(16).offset(6, 2).advance(3).def_cfa_register(6);
    frames.fde(cie, kText, 0x100, framed);
    frames.fde(cie, kText + 0x100, 0x100, framed);
    frames.fde(cie, kText + 0x200, 0x100, CfiProgram().undefined(16));
  }
  /// rbp-linked frames from the given pc; returns the addresses of the two return addresses.
  void lay() {
    uint64_t to_middle = call(0x150, 0), to_start = call(0x250, 0x100);
    registers.set(x64::rip, kCode + 0x20);
    registers.set(x64::rsp, kStack + 0x100);
    registers.set(x64::rbp, kStack + 0x120);
    registers.set(x64::rbx, 0xb);
    stack.put(kStack + 0x120, kStack + 0x150).put(kStack + 0x128, to_middle);
    stack.put(kStack + 0x150, 0).put(kStack + 0x158, to_start);
  }
};

TEST(Walk, TakesWhatNoRegionTellsOfInAModuleForCode) {
  Three process;
  process.lay();
  process.tells_of_text = false;
  Stack stack = process.walk();
  ASSERT_EQ(stack.frames.size(), 3u) << describe(stack);
  EXPECT_EQ(stack.end, End::outermost);
  EXPECT_EQ(stack.frames[1].trust, Trust::cfi);
}

TEST(Walk, FollowsRulesToTheBeginning) {
  Three process;
  process.lay();
  Stack stack = process.walk();
  ASSERT_EQ(stack.frames.size(), 3u) << describe(stack);
  EXPECT_EQ(stack.end, End::outermost);
  EXPECT_EQ(stack.frames[0].trust, Trust::context);
  EXPECT_TRUE(stack.frames[0].pc_is_exact);
  EXPECT_EQ(stack.frames[0].cfa, Address{kStack + 0x130});
  EXPECT_EQ(stack.frames[1].pc, Address{kCode + 0x150});
  EXPECT_EQ(stack.frames[1].lookup_pc(), Address{kCode + 0x14f});
  EXPECT_EQ(stack.frames[1].trust, Trust::cfi);
  EXPECT_EQ(stack.frames[1].registers.get(x64::rbp), kStack + 0x150);
  EXPECT_EQ(stack.frames[1].registers.get(x64::rbx), 0xbu) << "a call keeps rbx";
  EXPECT_FALSE(stack.frames[1].registers.get(x64::rax)) << "and not rax";
  EXPECT_EQ(stack.frames[2].pc, Address{kCode + 0x250});
  EXPECT_EQ(stack.frames[2].registers.sp(), Address{kStack + 0x160});
  EXPECT_EQ(stack.frames[2].module->path, "/bin/patient");
}

TEST(Walk, ReturnsFromTheCallOfANullPointer) {
  for (uint64_t wild : {uint64_t{0}, uint64_t{0x4141414141414141}}) {
    Three process;
    process.lay();
    uint64_t after = process.call_rax(0x30);
    process.registers.set(x64::rip, wild);
    process.registers.set(x64::rax, wild);
    process.registers.set(x64::rsp, kStack + 0xf8);
    process.stack.put(kStack + 0xf8, after);
    Stack stack = process.walk();
    ASSERT_EQ(stack.frames.size(), 4u) << describe(stack);
    EXPECT_EQ(stack.frames[1].trust, Trust::recovered);
    EXPECT_GT(stack.frames[1].confidence, 0.95) << "rax holds the pc";
    EXPECT_EQ(stack.frames[1].pc, Address{after});
    EXPECT_EQ(stack.frames[2].trust, Trust::cfi);
    EXPECT_EQ(stack.end, End::outermost);
  }
}

TEST(Walk, FollowsFramePointersWithoutRules) {
  Three process(false);
  process.lay();
  Stack stack = process.walk();
  ASSERT_EQ(stack.frames.size(), 3u) << describe(stack);
  EXPECT_EQ(stack.frames[1].trust, Trust::fp);
  EXPECT_EQ(stack.frames[2].pc, Address{kCode + 0x250});
  EXPECT_LT(stack.frames[2].confidence, stack.frames[1].confidence);
  EXPECT_EQ(stack.end, End::outermost) << "a frame pointer of zero ends the chain";
}

TEST(Walk, ScansWhereNothingElseHelps) {
  Three process(false);
  process.lay();
  process.registers.forget(x64::rbp);
  process.stack.put(kStack + 0x108, kCode + 0x77);  // code, but no call before it
  process.stack.put(kStack + 0x110, 0x1234);
  Stack stack = process.walk();
  ASSERT_GE(stack.frames.size(), 2u) << describe(stack);
  EXPECT_EQ(stack.frames[1].pc, Address{kCode + 0x150});
  EXPECT_EQ(stack.frames[1].trust, Trust::scan);
  EXPECT_LT(stack.frames[1].confidence, 0.9);
}

TEST(Walk, GoesOnByRulesAfterAScan) {
  // The return address was overwritten: the rule leads to nowhere, the caller's frame is intact.
  Three process;
  process.lay();
  process.stack.put(kStack + 0x120, 0x4141414141414141).put(kStack + 0x128, 0x4141414141414141);
  process.call(0x140, 0);
  process.stack.put(kStack + 0x138, kCode + 0x140);
  process.stack.put(kStack + 0x130, kStack + 0x150);
  Stack stack = process.walk();
  ASSERT_EQ(stack.frames.size(), 3u) << describe(stack);
  EXPECT_EQ(stack.frames[1].trust, Trust::scan);
  EXPECT_GT(stack.frames[1].confidence, 0.8) << "it calls this very function, and the rules agree";
  EXPECT_EQ(stack.frames[2].trust, Trust::cfi);
  EXPECT_EQ(stack.frames[2].pc, Address{kCode + 0x250});
}

TEST(Walk, KnowsAFunctionsFirstInstructions) {
  for (bool pushed : {false, true}) {
    Three process(false);
    process.lay();
    process.write(0, {0x55, 0x48, 0x89, 0xe5});
    uint64_t after = process.call(0x160, 0);
    uint64_t sp = kStack + (pushed ? 0xf0 : 0xf8);
    process.registers.set(x64::rip, kCode + (pushed ? 1 : 0));
    process.registers.set(x64::rsp, sp);
    process.stack.put(kStack + 0xf8, after).put(kStack + 0xf0, kStack + 0x120);
    Stack stack = process.walk();
    ASSERT_GE(stack.frames.size(), 3u) << describe(stack);
    EXPECT_EQ(stack.frames[1].pc, Address{after});
    EXPECT_EQ(stack.frames[1].trust, Trust::recovered);
    EXPECT_EQ(stack.frames[1].registers.get(x64::rbp), kStack + 0x120);
  }
}

TEST(Walk, CrossesASignalFrameByItsCode) {
  Three process;
  process.lay();
  // A trampoline without unwind data; its frame is at the handler's CFA.
  process.write(0x800, {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05});
  uint64_t handler_cfa = kStack + 0x1000, context = handler_cfa + 40;
  process.registers.set(x64::rsp, handler_cfa - 0x20);
  process.registers.set(x64::rbp, handler_cfa - 0x10);
  process.stack.put(handler_cfa - 0x10, 0).put(handler_cfa - 8, kCode + 0x800);
  process.stack.put(context + 128, kCode + 0x20)
      .put(context + 120, kStack + 0x100)
      .put(context + 80, kStack + 0x120)
      .put(context + 104, 0xaa);
  Stack stack = process.walk();
  ASSERT_EQ(stack.frames.size(), 5u) << describe(stack);
  EXPECT_TRUE(stack.frames[1].is_signal_frame);
  EXPECT_EQ(stack.frames[1].lookup_pc(), Address{kCode + 0x800});
  EXPECT_TRUE(stack.frames[2].pc_is_exact);
  EXPECT_EQ(stack.frames[2].pc, Address{kCode + 0x20});
  EXPECT_EQ(stack.frames[2].registers.get(x64::rax), 0xaau) << "the kernel saved all";
  EXPECT_EQ(stack.end, End::outermost) << "the lower stack is no cycle";
}

TEST(Walk, SaysWhenTheDumpDoesNotHoldTheStack) {
  Three process;
  process.lay();
  process.registers.set(x64::rbp, kStack + TestProcess::kStackSize + 0x100);
  process.registers.set(x64::rsp, kStack + TestProcess::kStackSize + 0xf0);
  uint64_t end = kStack + TestProcess::kStackSize;
  Stack stack = process.walk(snapshot::Region{.range = {Address{end}, Address{end + 0x1000}},
                                              .access = snapshot::Access{true, true, false}});
  EXPECT_EQ(stack.frames.size(), 1u) << describe(stack);
  EXPECT_EQ(stack.end, End::no_memory);
  EXPECT_NE(stack.note.find("does not hold this stack"), std::string::npos) << stack.note;
}

TEST(Walk, IsTheSameFromManyThreads) {
  Three process;
  process.lay();
  std::vector<std::string> seen(4);
  Stack stack = process.walk();  // sets the snapshot up
  Unwinder unwinder(process.snapshot, {});
  std::vector<std::jthread> threads;
  for (std::string& mine : seen) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) mine = describe(unwinder.walk(process.registers));
    });
  }
  threads.clear();
  for (const std::string& mine : seen) EXPECT_EQ(mine, describe(stack));
}

TEST(Walk, EndsCycles) {
  Three process;
  process.lay();
  // middle's caller is leaf's own frame again.
  process.stack.put(kStack + 0x150, kStack + 0x120).put(kStack + 0x158, kCode + 0x150);
  Stack stack = process.walk();
  EXPECT_EQ(stack.end, End::cycle) << describe(stack);
  EXPECT_LE(stack.frames.size(), 4u);
  EXPECT_FALSE(stack.note.empty());
}

TEST(Walk, SaysWhenTheStackIsNotThere) {
  Three process;
  process.lay();
  process.registers.set(x64::rbp, 0x10);
  process.registers.set(x64::rsp, 0x10);
  process.registers.set(x64::rbx, 0);
  Stack stack = process.walk();
  EXPECT_EQ(stack.frames.size(), 1u) << describe(stack);
  EXPECT_EQ(stack.end, End::no_memory);
}

TEST(Walk, ChoosesTheStackWhenTheStackPointerIsGarbage) {
  Three process;
  process.lay();
  process.registers.set(x64::rsp, 0xdead0000dead0000);
  process.registers.set(x64::rbp, 0x1);
  process.registers.set(x64::rbx, kStack + 0x100);
  Stack stack = process.walk();
  ASSERT_EQ(stack.frames.size(), 3u) << describe(stack);
  EXPECT_EQ(stack.frames[1].trust, Trust::scan);
  EXPECT_LT(stack.frames[1].confidence, 0.7);
  EXPECT_EQ(stack.frames[2].pc, Address{kCode + 0x250});
  EXPECT_NE(stack.note.find("rbx"), std::string::npos) << stack.note;
}

TEST(Walk, KeepsDeepRecursionLean) {
  // A leaf that calls itself in frames of 16 bytes, half a million times.
  constexpr size_t kFrames = 500'000, kSize = kFrames * 16 + 64;
  TestProcess process(Arch::x86_64, kSize);
  size_t cie = process.frames.cie(testkit::x64_cie());
  process.frames.fde(cie, kText, 0x100, CfiProgram().advance(1).def_cfa_offset(16));
  process.frames.fde(cie, kText + 0x200, 0x100, CfiProgram().undefined(16));
  uint64_t self = process.call(0x20, 0);
  process.registers.set(x64::rip, self);
  process.registers.set(x64::rsp, kStack);
  uint64_t at = kStack + 8;
  for (size_t i = 1; i < kFrames; ++i, at += 16) process.stack.put(at, self);
  process.stack.put(at, kCode + 0x250);
  Stack stack = process.walk();
  EXPECT_EQ(stack.end, End::outermost) << stack.note;
  EXPECT_EQ(stack.depth(), kFrames + 1);
  EXPECT_GT(stack.omitted, 0u);
  EXPECT_LT(stack.frames.size(), 130'000u);
  EXPECT_EQ(stack.frames.back().pc, Address{kCode + 0x250});
  EXPECT_EQ(stack.frames[stack.omitted_after].registers.sp().value() -
                stack.frames[stack.omitted_after - 1].registers.sp().value(),
            (stack.omitted + 1) * 16);
}

TEST(Walk, WrapsAt32Bits) {
  TestProcess process(Arch::x86);
  size_t cie = process.frames.cie(testkit::x86_cie());
  process.frames.fde(
      cie, kText, 0x100,
      CfiProgram().advance(1).def_cfa_offset(8).offset(5, 2).advance(2).def_cfa_register(5));
  process.frames.fde(cie, kText + 0x200, 0x100, CfiProgram().undefined(8));
  uint64_t after = process.call(0x250, 0);
  process.registers.set(8, kCode + 0x20);
  process.registers.set(4, kStack + 0x100);
  process.registers.set(5, kStack + 0x120);
  process.stack.put(kStack + 0x120, 0x1).put(kStack + 0x124, after);
  Stack stack = process.walk();
  ASSERT_EQ(stack.frames.size(), 2u) << describe(stack);
  EXPECT_EQ(stack.frames[1].pc, Address{after});
  EXPECT_EQ(stack.frames[1].registers.sp(), Address{kStack + 0x128});
}

struct Arm64Process : TestProcess {
  Arm64Process() : TestProcess(Arch::aarch64) {}
  /// bl to `target`, returning to `offset`, both from kCode.
  uint64_t branch_link(uint64_t offset, uint64_t target) {
    uint32_t w = 0x94000000 | (static_cast<uint32_t>((target - (offset - 4)) >> 2) & 0x03ffffff);
    write(offset - 4, {static_cast<uint8_t>(w), static_cast<uint8_t>(w >> 8),
                       static_cast<uint8_t>(w >> 16), static_cast<uint8_t>(w >> 24)});
    return kCode + offset;
  }
};

TEST(Walk, FollowsLinkRegisterAndSignedReturns) {
  Arm64Process process;
  size_t cie = process.frames.cie(testkit::arm64_cie());
  process.frames.fde(cie, kText, 0x100, CfiProgram());  // a leaf: nothing saved
  process.frames.fde(
      cie, kText + 0x100, 0x100,
      CfiProgram().negate_ra_state().advance(1).def_cfa_offset(32).offset(29, 4).offset(30, 3));
  process.frames.fde(cie, kText + 0x200, 0x100, CfiProgram().undefined(30));
  uint64_t to_middle = process.branch_link(0x150, 0), to_start = process.branch_link(0x250, 0x100);
  process.registers.set(32, kCode + 0x20);
  process.registers.set(31, kStack + 0x100);
  process.registers.set(30, to_middle);
  process.registers.set(29, kStack + 0x100);
  process.stack.put(kStack + 0x100, 0).put(kStack + 0x108, to_start | 0x0034000000000000);
  Stack stack = process.walk();
  ASSERT_EQ(stack.frames.size(), 3u) << describe(stack);
  EXPECT_EQ(stack.frames[1].pc, Address{to_middle});
  EXPECT_EQ(stack.frames[2].pc, Address{to_start}) << "the signature is stripped";
  EXPECT_EQ(stack.end, End::outermost);
}

TEST(Walk, FollowsArm64FrameRecords) {
  Arm64Process process;
  uint64_t to_middle = process.branch_link(0x150, 0), to_start = process.branch_link(0x250, 0x100);
  process.write(0x10, {0xfd, 0x7b, 0xbe, 0xa9});  // stp x29, x30, [sp, #-32]!
  process.registers.set(32, kCode + 0x20);
  process.registers.set(31, kStack + 0x100);
  process.registers.set(30, 0x1);
  process.registers.set(29, kStack + 0x100);
  process.stack.put(kStack + 0x100, kStack + 0x140).put(kStack + 0x108, to_middle);
  process.stack.put(kStack + 0x140, 0).put(kStack + 0x148, to_start);
  Stack stack = process.walk();
  ASSERT_EQ(stack.frames.size(), 3u) << describe(stack);
  EXPECT_EQ(stack.frames[1].trust, Trust::fp);
  EXPECT_EQ(stack.frames[2].pc, Address{to_start});
}

}  // namespace
}  // namespace inquest::unwind
