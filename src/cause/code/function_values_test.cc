#include "cause/code/function_values.h"

#include <gtest/gtest.h>

#include "testkit/bytes.h"

namespace inquest::cause {
namespace {

namespace x64 = snapshot::x64;

constexpr Address kStart{0x401000};

/// A function of these bytes at kStart, followed.
struct Followed {
  explicit Followed(std::vector<int> bytes) {
    auto owner = std::make_shared<std::vector<std::byte>>();
    for (int b : bytes) owner->push_back(static_cast<std::byte>(b));
    memory.add(kStart, *owner, snapshot::Origin::dump, owner);
    function = FunctionValues::follow(memory, {kStart, kStart + owner->size()});
  }
  State before(uint64_t offset) {
    auto state = function->before(kStart + offset);
    EXPECT_TRUE(state);
    return state.value_or(State{});
  }
  Value value(uint64_t offset, snapshot::Register reg) {
    return function->values()[before(offset).regs[reg]];
  }

  snapshot::Memory memory;
  std::optional<FunctionValues> function;
};

TEST(FunctionValues, FollowsALoadThroughAParameter) {
  Followed f({0x48, 0x8b, 0x46, 0x28,  // mov rax, [rsi+0x28]
              0x8b, 0x40, 0x2c,        // mov eax, [rax+0x2c]
              0xc3});
  ASSERT_TRUE(f.function);
  Value rax = f.value(4, x64::rax);
  ASSERT_EQ(rax.form, Form::load);
  EXPECT_EQ(rax.size, 8);
  const auto& values = f.function->values();
  Value address = values[rax.base];
  ASSERT_EQ(address.form, Form::sum);
  EXPECT_EQ(address.number, 0x28);
  EXPECT_EQ(values[address.base].form, Form::entry);
  EXPECT_EQ(values[address.base].reg, x64::rsi);
}

TEST(FunctionValues, KnowsThreadLocalsByEachWayToThem) {
  Followed direct({0x64, 0x48, 0x8b, 0x04, 0x25, 0xf8, 0xff, 0xff, 0xff,  // mov rax, fs:[-8]
                   0xc3});
  Followed by_own_address({0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0,  // 0  mov rax, fs:[0]
                           0x48, 0x8b, 0x40, 0xf8,                    // 9  mov rax, [rax-8]
                           0xc3});                                    // 13 ret
  Followed by_offset_table({0x48, 0x8b, 0x05, 0x00, 0x10, 0, 0,       // 0  mov rax, [rip+0x1000]
                            0x64, 0x48, 0x8b, 0x00,                   // 7  mov rax, fs:[rax]
                            0xc3});                                   // 11 ret
  std::pair<Followed*, uint64_t> ways[] = {
      {&direct, 9}, {&by_own_address, 13}, {&by_offset_table, 11}};
  for (auto [way, end] : ways) {
    Value rax = way->value(end, x64::rax);
    EXPECT_EQ(rax.form, Form::load);
    EXPECT_TRUE(way->function->values().is_thread_local(rax.base));
  }
  Value through = by_offset_table.value(7, x64::rax);
  EXPECT_FALSE(by_offset_table.function->values().is_thread_local(through.base));
}

TEST(FunctionValues, ForwardsStackSlots) {
  Followed f({0x55,                    // 0  push rbp
              0x48, 0x89, 0xe5,        // 1  mov rbp, rsp
              0x48, 0x89, 0x7d, 0xf8,  // 4  mov [rbp-8], rdi
              0x48, 0x8b, 0x45, 0xf8,  // 8  mov rax, [rbp-8]
              0xc9,                    // 12 leave
              0xc3});                  // 13 ret
  Value rax = f.value(12, x64::rax);
  EXPECT_EQ(rax.form, Form::entry);
  EXPECT_EQ(rax.reg, x64::rdi);
  // leave undid the prologue: rsp points to the return address again, rbp is the caller's.
  EXPECT_EQ(f.value(13, x64::rsp).form, Form::stack);
  EXPECT_EQ(f.value(13, x64::rsp).number, -8);
  EXPECT_EQ(f.value(13, x64::rbp).form, Form::entry);
}

TEST(FunctionValues, CallsClobberAndReturn) {
  Followed f({0x48, 0x89, 0xfb,  // 0 mov rbx, rdi
              0xe8, 0, 1, 0, 0,  // 3 call
              0x48, 0x89, 0xc7,  // 8 mov rdi, rax
              0xc3});
  EXPECT_EQ(f.value(8, x64::rax).form, Form::result);
  EXPECT_EQ(f.value(8, x64::rax).at, kStart + 3);
  EXPECT_EQ(f.value(8, x64::rdi).form, Form::computed);
  EXPECT_EQ(f.value(8, x64::rbx).form, Form::entry);
  EXPECT_EQ(f.value(11, x64::rdi).form, Form::result);
}

TEST(FunctionValues, MergesWherePathsMeet) {
  Followed f({0x85, 0xf6,        // 0 test esi, esi
              0x74, 0x05,        // 2 je +5 (9)
              0x48, 0x89, 0xd0,  // 4 mov rax, rdx
              0xeb, 0x02,        // 7 jmp +2 (11)
              0x31, 0xc0,        // 9 xor eax, eax
              0x8b, 0x00,        // 11 mov eax, [rax]
              0xc3});
  auto state = f.before(11);
  Value rax = f.function->values()[state.regs[x64::rax]];
  ASSERT_EQ(rax.form, Form::merge);
  EXPECT_EQ(f.function->values().choices(state.regs[x64::rax]).size(), 2u);
  EXPECT_EQ(f.value(11, x64::rdi).form, Form::entry) << "what all paths agree on stays";
}

TEST(FunctionValues, LoopsEnd) {
  Followed f({0x48, 0x89, 0xf8,  // 0 mov rax, rdi
              0x48, 0x8b, 0x00,  // 3 mov rax, [rax]
              0x48, 0x85, 0xc0,  // 6 test rax, rax
              0x75, 0xf8,        // 9 jne 3
              0xc3});
  Value rax = f.value(3, x64::rax);
  EXPECT_EQ(rax.form, Form::merge);
  EXPECT_EQ(f.value(6, x64::rax).form, Form::load);
}

TEST(FunctionValues, SlotsGivenAwayAreForgottenAtCalls) {
  Followed f({0x48, 0x83, 0xec, 0x28,        // 0  sub rsp, 0x28
              0x48, 0x89, 0x7c, 0x24, 0x08,  // 4  mov [rsp+8], rdi
              0x48, 0x8d, 0x7c, 0x24, 0x08,  // 9  lea rdi, [rsp+8]
              0xe8, 0,    1,    0,    0,     // 14 call
              0x48, 0x8b, 0x44, 0x24, 0x08,  // 19 mov rax, [rsp+8]
              0xc3});
  EXPECT_EQ(f.value(24, x64::rax).form, Form::load) << "the callee may have changed it";
}

TEST(FunctionValues, AnElementOfAConstantArrayInEitherOrder) {
  Followed f({0x48, 0x8d, 0x04, 0xfd, 0,    0,    0, 0,  // 0  lea rax, [rdi*8]
              0x48, 0x05, 0x00, 0x10, 0x40, 0,           // 8  add rax, 0x401000
              0x48, 0xc7, 0xc2, 0x00, 0x10, 0x40, 0,     // 14 mov rdx, 0x401000
              0x48, 0x8d, 0x14, 0xfa,                    // 21 lea rdx, [rdx+rdi*8]
              0xc3});
  Value rax = f.value(25, x64::rax);
  EXPECT_EQ(rax.form, Form::element);
  EXPECT_EQ(rax, f.value(25, x64::rdx));
}

TEST(FunctionValues, KeepsWhereAnIndirectCallGoes) {
  Followed f({0x48, 0x8b, 0x07,  // 0 mov rax, [rdi]
              0xff, 0x50, 0x10,  // 3 call [rax+0x10]
              0x8b, 0x40, 0x18,  // 6 mov eax, [rax+0x18]
              0xc3});
  EXPECT_EQ(f.value(6, x64::rax).form, Form::result);
  const ValueTable& values = f.function->values();
  const Value target = values[values.target(Address{kStart + 3})];
  ASSERT_EQ(target.form, Form::load);
  const Value entry = values[target.base];  // of the virtual table
  ASSERT_EQ(entry.form, Form::sum);
  EXPECT_EQ(entry.number, 0x10);
  EXPECT_EQ(values[entry.base].form, Form::load);
}

TEST(FunctionValues, KnowsWhenAPointerWasCut) {
  Followed f({0x8b, 0x47, 0x04,        // mov eax, [rdi+4]
              0x83, 0x40, 0x20, 0x01,  // add dword [rax+0x20], 1
              0xc3});
  Value rax = f.value(3, x64::rax);
  EXPECT_EQ(rax.form, Form::load);
  EXPECT_EQ(rax.size, 4);
}

TEST(FunctionValues, SurvivesGarbage) {
  std::vector<int> bytes;
  uint32_t seed = 12345;
  for (int round = 0; round < 50; ++round) {
    bytes.clear();
    for (int i = 0; i < 2000; ++i) bytes.push_back((seed = seed * 1664525 + 1013904223) >> 24);
    Followed f(bytes);
    if (!f.function) continue;
    for (uint64_t at = 0; at < 2000; at += 7) f.function->before(kStart + at);
  }
}

TEST(FunctionValues, RefusesWhatIsTooLargeOrUnreadable) {
  snapshot::Memory memory;
  EXPECT_FALSE(FunctionValues::follow(memory, {kStart, kStart + 100}));
  EXPECT_FALSE(FunctionValues::follow(memory, {kStart, kStart}));
  EXPECT_FALSE(FunctionValues::follow(memory, {kStart, kStart + FunctionValues::kMostBytes + 1}));
}

}  // namespace
}  // namespace inquest::cause
