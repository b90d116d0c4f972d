// Code that a program made at run time, in no module, with a function table of its own.
#include <gtest/gtest.h>

#include "testkit/pe.h"
#include "testkit/stack.h"
#include "unwind/unwind.h"

namespace inquest::unwind {
namespace {

namespace x64 = snapshot::x64;
using testkit::unwind_slot;

constexpr uint64_t kJit = 0x1c0f0000000, kJitStack = 0x7ff000;

/// `pushed` at 0x1100 keeps rbx and 0x20 bytes; it was called by `framed` at 0x1200, whose caller
/// is the beginning.
struct JitProcess {
  JitProcess() : stack(kJitStack, 0x1000, 8) {
    auto code = std::make_shared<std::vector<std::byte>>(0x3000, std::byte{0x90});
    auto put = [&](size_t at, const std::vector<std::byte>& bytes) {
      std::copy(bytes.begin(), bytes.end(), code->begin() + static_cast<long>(at));
    };
    // call pushed; returns to 0x1250
    put(0x1250 - 5,
        {std::byte{0xe8}, std::byte{0xb0}, std::byte{0xfe}, std::byte{0xff}, std::byte{0xff}});
    put(0x2000, testkit::unwind_info(
                    {.prologue = 5, .slots = {unwind_slot(5, 2, 3), unwind_slot(1, 0, 3)}}));
    put(0x2040, testkit::unwind_info({.prologue = 4, .slots = {unwind_slot(4, 2, 4)}}));
    snapshot.os = snapshot::Os::windows;
    snapshot.memory.add(Address{kJit}, *code, snapshot::Origin::dump, code);
    for (uint32_t word : {0x1100u, 0x1180u, 0x2000u, 0x1200u, 0x1280u, 0x2040u}) {
      for (int shift = 0; shift < 32; shift += 8) table.push_back(std::byte(word >> shift & 0xff));
    }
    stack.put(kJitStack + 0x120, 0xbb).put(kJitStack + 0x128, kJit + 0x1250);
    stack.put(kJitStack + 0x130 + 0x28, 0);
  }
  Stack walk() {
    snapshot.function_tables = {
        {{Address{kJit + 0x1100}, Address{kJit + 0x1280}}, Address{kJit}, table}};
    snapshot.memory.add(Address{kJitStack}, stack.bytes(), snapshot::Origin::dump, nullptr);
    snapshot::Registers registers(snapshot::Arch::x86_64);
    registers.set(x64::rip, kJit + 0x1120);
    registers.set(x64::rsp, kJitStack + 0x100);
    Unwinder unwinder(snapshot, [](const snapshot::Module&) { return RuleSource{}; });
    function = unwinder.function_at(Address{kJit + 0x1120});
    return unwinder.walk(registers);
  }
  snapshot::Snapshot snapshot;
  std::vector<std::byte> table;
  testkit::StackBytes stack;
  std::optional<AddressRange> function;
};

TEST(DynamicRules, LeadThroughCodeInNoModule) {
  JitProcess process;
  Stack stack = process.walk();
  ASSERT_EQ(stack.frames.size(), 2u) << stack.note;
  EXPECT_EQ(stack.end, End::outermost) << stack.note;
  EXPECT_EQ(stack.frames[1].pc, Address{kJit + 0x1250});
  EXPECT_EQ(stack.frames[1].trust, Trust::pe);
  EXPECT_EQ(stack.frames[1].registers.get(x64::rbx), 0xbbu);
  EXPECT_FLOAT_EQ(stack.frames[1].confidence, 1);
  EXPECT_EQ(process.function, (AddressRange{Address{kJit + 0x1100}, Address{kJit + 0x1180}}));
}

TEST(DynamicRules, MakeNothingOfNonsense) {
  JitProcess without_code;
  without_code.snapshot.memory = {};
  Stack guessed = without_code.walk();
  for (const Frame& frame : guessed.frames) {
    EXPECT_NE(frame.trust, Trust::pe) << "the unwind data themselves are not there";
  }
  JitProcess cut;
  cut.table.resize(13);
  EXPECT_GE(cut.walk().frames.size(), 1u);
  JitProcess empty;
  empty.table.clear();
  EXPECT_GE(empty.walk().frames.size(), 1u);
  EXPECT_FALSE(empty.function);
}

}  // namespace
}  // namespace inquest::unwind
