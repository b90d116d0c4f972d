// What natively run code does not show: chains, machine frames, version 2, jumps between the parts
// of a function, frames whose image is only in the dump's memory.
#include <gtest/gtest.h>

#include "testkit/cfi.h"
#include "testkit/pe.h"
#include "testkit/stack.h"
#include "unwind/pe/epilogue.h"
#include "unwind/unwind.h"

namespace inquest::unwind {
namespace {

namespace x64 = snapshot::x64;
using testkit::PeBuilder;
using testkit::unwind_slot;
constexpr uint64_t kBase = 0x140000000, kStack = 0x7ff000;
constexpr uint32_t kText = 0x1000, kXdata = 0x2000;

/// Functions of 0x100 bytes from kText on; unwind records of 0x40 bytes each.
struct WindowsProcess {
  WindowsProcess() : stack(kStack, 0x4000, 8), registers(snapshot::Arch::x86_64) {
    code.resize(0x1000, std::byte{0x90});
  }
  void write(uint32_t offset, std::initializer_list<uint8_t> bytes) {
    for (uint8_t byte : bytes) code[offset++] = std::byte{byte};
  }
  uint64_t call(uint32_t returns_to, uint32_t target) {
    uint32_t distance = target - returns_to;
    write(returns_to - 5,
          {0xe8, static_cast<uint8_t>(distance), static_cast<uint8_t>(distance >> 8),
           static_cast<uint8_t>(distance >> 16), static_cast<uint8_t>(distance >> 24)});
    return kBase + kText + returns_to;
  }
  void function(uint32_t offset, const testkit::UnwindInfoSpec& spec) {
    auto at = static_cast<uint32_t>(xdata.size());
    auto record = testkit::unwind_info(spec);
    xdata.insert(xdata.end(), record.begin(), record.end());
    xdata.resize(at + 0x40);
    entries.push_back({kText + offset, kText + offset + 0x100, kXdata + at});
  }
  Stack walk(bool from_file = false) {
    PeBuilder builder;
    builder.add_section(".text", code, PeBuilder::code);
    builder.add_section(".xdata", xdata, PeBuilder::data);
    builder.add_functions(entries);
    auto bytes =
        std::make_shared<std::vector<std::byte>>(from_file ? builder.file() : builder.mapped());
    snapshot.os = snapshot::Os::windows;
    if (!from_file) {
      snapshot.memory.add(Address{kBase}, *bytes, snapshot::Origin::dump, bytes);
    }
    snapshot.memory.add(Address{kStack}, stack.bytes(), snapshot::Origin::dump, nullptr);
    snapshot.modules = {{.path = "C:\\app\\patient.exe",
                         .range = {Address{kBase}, Address{kBase + builder.next_rva()}},
                         .bias = kBase}};
    RuleSource source;
    if (from_file) source.pe = *pe::File::parse(*bytes, bytes, "patient.exe");
    Unwinder unwinder(snapshot, [&](const snapshot::Module&) { return source; });
    return unwinder.walk(registers);
  }

  snapshot::Snapshot snapshot;
  std::vector<std::byte> code, xdata;
  std::vector<std::vector<uint32_t>> entries;
  testkit::StackBytes stack;
  snapshot::Registers registers;
};

std::string describe(const Stack& stack) {
  std::string text;
  for (const Frame& frame : stack.frames) {
    text += fmt::format("{} {} cfa {}\n", frame.pc, name(frame.trust), frame.cfa);
  }
  return text + stack.note;
}

/// `leaf` without a record at 0; `pushed` at 0x100 keeps rbx and 0x20 bytes; the start at 0x200 has
/// no frame but its return address, which is 0.
struct Three : WindowsProcess {
  Three() {
    function(0x100, {.prologue = 5, .slots = {unwind_slot(5, 2, 3), unwind_slot(1, 0, 3)}});
    function(0x200, {.prologue = 4, .slots = {unwind_slot(4, 2, 4)}});
    to_pushed = call(0x150, 0);
    to_start = call(0x250, 0x100);
    registers.set(x64::rip, kBase + kText + 0x20);
    registers.set(x64::rsp, kStack + 0x100);
    registers.set(x64::rbx, 7);
    registers.set(x64::rsi, 0x51);
    stack.put(kStack + 0x100, to_pushed);
    stack.put(kStack + 0x128, 0xbb).put(kStack + 0x130, to_start);
    stack.put(kStack + 0x138 + 0x28, 0);
  }
  uint64_t to_pushed, to_start;
};

TEST(X64Rows, LeadFromALeafToTheBeginning) {
  for (bool from_file : {false, true}) {
    Three process;
    Stack stack = process.walk(from_file);
    ASSERT_EQ(stack.frames.size(), 3u) << describe(stack);
    EXPECT_EQ(stack.end, End::outermost);
    EXPECT_EQ(stack.frames[1].pc, Address{process.to_pushed});
    EXPECT_EQ(stack.frames[1].trust, Trust::pe);
    EXPECT_EQ(stack.frames[1].registers.get(x64::rsi), 0x51u) << "Windows' calls keep rsi";
    EXPECT_FALSE(stack.frames[1].registers.get(x64::rax));
    EXPECT_EQ(stack.frames[2].pc, Address{process.to_start});
    EXPECT_EQ(stack.frames[2].registers.get(x64::rbx), 0xbbu);
    EXPECT_FLOAT_EQ(stack.frames[2].confidence, 1);
  }
}

TEST(X64Rows, KnowEachInstructionOfThePrologue) {
  for (uint32_t executed : {0u, 1u, 5u}) {
    Three process;
    uint64_t sp = executed == 0 ? kStack + 0x130 : executed == 1 ? kStack + 0x128 : kStack + 0x108;
    process.registers.set(x64::rip, kBase + kText + 0x100 + executed);
    process.registers.set(x64::rsp, sp);
    Stack stack = process.walk();
    ASSERT_EQ(stack.frames.size(), 2u) << describe(stack);
    EXPECT_EQ(stack.frames[1].pc, Address{process.to_start});
    EXPECT_EQ(stack.frames[1].registers.get(x64::rbx), executed == 0 ? 7u : 0xbbu);
  }
}

TEST(X64Rows, CrossTheProcessorsOwnFrame) {
  for (unsigned error_code : {0u, 1u}) {
    Three process;
    process.function(0x300, {.slots = {unwind_slot(0, 2, 1), unwind_slot(0, 10, error_code)}});
    uint64_t block = kStack + 0x50 + 8 * error_code;
    process.registers.set(x64::rip, kBase + kText + 0x310);
    process.registers.set(x64::rsp, kStack + 0x40);
    process.stack.put(block, kBase + kText + 0x20).put(block + 24, kStack + 0x100);
    Stack stack = process.walk();
    ASSERT_EQ(stack.frames.size(), 4u) << describe(stack);
    EXPECT_TRUE(stack.frames[0].is_signal_frame);
    EXPECT_EQ(stack.frames[1].pc, Address{kBase + kText + 0x20});
    EXPECT_TRUE(stack.frames[1].pc_is_exact) << "what was interrupted";
    EXPECT_EQ(stack.frames[1].registers.sp(), Address{kStack + 0x100});
    EXPECT_EQ(stack.frames[3].pc, Address{process.to_start});
  }
}

TEST(X64Rows, FollowChainsToTheFunctionsFirstPart) {
  Three process;
  // At 0x300: another part of `pushed`, which has saved rsi where its frame has room.
  process.function(0x300, {.flags = 4,
                           .prologue = 4,
                           .slots = {unwind_slot(4, 4, 6), 2},
                           .tail = {kText + 0x100, kText + 0x200, kXdata}});
  process.registers.set(x64::rip, kBase + kText + 0x340);
  process.registers.set(x64::rsp, kStack + 0x108);
  process.stack.put(kStack + 0x118, 0x5151);
  Stack stack = process.walk();
  ASSERT_EQ(stack.frames.size(), 2u) << describe(stack);
  EXPECT_EQ(stack.frames[1].pc, Address{process.to_start});
  EXPECT_EQ(stack.frames[1].registers.get(x64::rsi), 0x5151u);
  EXPECT_EQ(stack.frames[1].registers.get(x64::rbx), 0xbbu);
}

TEST(X64Rows, TellAJumpOutFromAJumpToAnotherPart) {
  for (bool out : {false, true}) {
    Three process;
    process.function(0x300, {.flags = 4, .tail = {kText + 0x100, kText + 0x200, kXdata}});
    process.function(0x400, {.prologue = 0});
    // jmp rel32 at 0x180, to 0x340 (part of the same function) or to 0x400 (another one).
    uint32_t distance = (out ? 0x400 : 0x340) - 0x185;
    process.write(
        0x180, {0xe9, static_cast<uint8_t>(distance), static_cast<uint8_t>(distance >> 8), 0, 0});
    process.registers.set(x64::rip, kBase + kText + 0x180);
    process.registers.set(x64::rsp, out ? kStack + 0x130 : kStack + 0x108);
    Stack stack = process.walk();
    ASSERT_EQ(stack.frames.size(), 2u) << describe(stack);
    EXPECT_EQ(stack.frames[1].pc, Address{process.to_start});
    EXPECT_EQ(stack.frames[1].trust, Trust::pe);
  }
}

TEST(X64Rows, BelieveTheEpiloguesOfVersion2) {
  for (bool listed : {false, true}) {
    Three process;
    process.function(
        0x300, {.version = 2,
                .prologue = 4,
                .slots = {unwind_slot(1, 6, listed), unwind_slot(0, 6, 0), unwind_slot(4, 2, 3)}});
    process.code[0x3ff] = std::byte{0xc3};
    process.call(0x260, 0x300);
    process.registers.set(x64::rip, kBase + kText + 0x3ff);
    process.registers.set(x64::rsp, listed ? kStack + 0x130 : kStack + 0x110);
    Stack stack = process.walk();
    ASSERT_EQ(stack.frames.size(), 2u) << describe(stack);
    EXPECT_EQ(stack.frames[1].trust, Trust::pe);
  }
}

TEST(X64Rows, FallBackWhereTheDataAreDamaged) {
  Three process;
  process.entries[0][2] = 0xfffff000;
  Stack stack = process.walk();
  ASSERT_GE(stack.frames.size(), 2u) << describe(stack);
  EXPECT_EQ(stack.frames[1].pc, Address{process.to_pushed});
  EXPECT_NE(stack.frames.back().trust, Trust::pe);
}

TEST(X86Image, IsUnwoundByTheDwarfThatMingwPutThere) {
  using testkit::CfiProgram;
  constexpr uint64_t kLoaded = 0x600000;  // elsewhere than it prefers
  PeBuilder builder(PeBuilder::x86);
  builder.image_base(0x400000);
  std::vector<std::byte> code(0x200, std::byte{0x90});
  code[0x14b] = std::byte{0xe8};  // call, to the beginning
  uint32_t distance = 0u - 0x150;
  std::memcpy(&code[0x14c], &distance, 4);
  uint32_t text = builder.add_section(".text", code, PeBuilder::code);
  testkit::CfiSection frames(true, 4, 0x400000 + builder.next_rva());
  size_t cie = frames.cie(testkit::x86_cie());
  frames.fde(cie, 0x400000 + text, 0x100, CfiProgram().advance(1).def_cfa_offset(8));
  frames.fde(cie, 0x400000 + text + 0x100, 0x100, CfiProgram().undefined(8));
  builder.add_section(".eh_frame", frames.bytes(), PeBuilder::data);
  auto bytes = builder.file();
  std::shared_ptr<const pe::File> file = *pe::File::parse(bytes, nullptr, "a.exe");

  testkit::StackBytes stack(kStack, 0x100, 4);
  stack.put(kStack + 4, kLoaded + text + 0x150);
  snapshot::Snapshot snapshot;
  snapshot.arch = snapshot::Arch::x86;
  snapshot.os = snapshot::Os::windows;
  snapshot.memory.add(Address{kStack}, stack.bytes(), snapshot::Origin::dump, nullptr);
  snapshot.modules = {
      {.path = "a.exe", .range = {Address{kLoaded}, Address{kLoaded + 0x3000}}, .bias = kLoaded}};
  snapshot::Registers registers(snapshot::Arch::x86);
  registers.set_pc(Address{kLoaded + text + 0x20});
  registers.set_sp(Address{kStack});
  Unwinder unwinder(snapshot, [&](const snapshot::Module&) { return RuleSource{.pe = file}; });
  Stack walked = unwinder.walk(registers);
  ASSERT_EQ(walked.frames.size(), 2u) << describe(walked);
  EXPECT_EQ(walked.frames[1].trust, Trust::cfi);
  EXPECT_EQ(walked.end, End::outermost);
}

TEST(Space, TakesOnlyTheCodeOfAModuleForCode) {
  // No region tells of rights: what the image's sections say counts.
  Three process;
  process.registers.set(x64::rip, kBase + kXdata);
  process.registers.set(x64::rsp, kStack + 0x100);
  Stack stack = process.walk();
  ASSERT_GE(stack.frames.size(), 2u) << describe(stack);
  EXPECT_EQ(stack.frames[1].trust, Trust::recovered) << "a jump into data, found as a bad call";
}

TEST(Epilogue, IsReadInAllItsForms) {
  auto read = [](std::initializer_list<uint8_t> code) {
    std::vector<std::byte> bytes;
    for (uint8_t b : code) bytes.push_back(std::byte{b});
    return read_epilogue(bytes, 0x1000, x64::rbp);
  };
  auto rest = read({0x48, 0x83, 0xc4, 0x28, 0x5b, 0x41, 0x5c, 0xc3});
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->delta, 0x28);
  ASSERT_EQ(rest->pops().size(), 2u);
  EXPECT_EQ(rest->pops()[0], x64::rbx);
  EXPECT_EQ(rest->pops()[1], x64::r12);
  EXPECT_EQ(read({0x48, 0x81, 0xc4, 0, 1, 0, 0, 0xc3})->delta, 0x100);
  rest = read({0x48, 0x8d, 0x65, 0x10, 0x5d, 0xc3});
  ASSERT_TRUE(rest) << "lea rsp, [rbp + 16]";
  EXPECT_EQ(rest->base, x64::rbp);
  EXPECT_EQ(rest->delta, 0x10);
  EXPECT_TRUE(read({0xf3, 0xc3}));
  EXPECT_TRUE(read({0x48, 0xff, 0xe0})) << "rex.w jmp rax";
  EXPECT_TRUE(read({0xff, 0x25, 0, 0, 0, 0}));
  EXPECT_EQ(read({0xeb, 0x10})->target, 0x1012u);
  EXPECT_FALSE(read({0xff, 0xe0})) << "a switch's jump";
  EXPECT_FALSE(read({0x48, 0x8d, 0x63, 0x10, 0xc3})) << "not the frame register";
  EXPECT_FALSE(read({0x48, 0x83, 0xc0, 0x28, 0xc3})) << "add rax";
  EXPECT_FALSE(read({0x5b}));
  EXPECT_FALSE(read({}));
}

}  // namespace
}  // namespace inquest::unwind
