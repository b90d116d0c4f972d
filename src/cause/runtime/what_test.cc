#include "cause/runtime/what.h"

#include <gtest/gtest.h>

#include "cause/runtime/followed_call.h"
#include "cause/test_process.h"

namespace inquest::cause {
namespace {

constexpr uint64_t kWhatCode = 0x401000, kData = 0x500000;

std::unique_ptr<Process> with(ByteBuilder& code, ByteBuilder& data) {
  DeadProcess process;
  process.map(kWhatCode, code.take(), "r-x").map(kData, data.take());
  return process.open();
}

ByteBuilder& raw(ByteBuilder& out, std::initializer_list<unsigned> bytes) {
  for (unsigned b : bytes) out.u8(static_cast<uint8_t>(b));
  return out;
}

TEST(FollowedCall, FetchesAMember) {
  ByteBuilder code, data;
  raw(code, {0x48, 0x8b, 0x47, 0x08, 0xc3});  // mov rax, [rdi+8]; ret
  data.u64(1).u64(0x1234);
  auto process = with(code, data);
  EXPECT_EQ(followed_call(*process, Address{kWhatCode}, Address{kData}), 0x1234u);
}

TEST(FollowedCall, KeepsALocalCopyOfThis) {
  ByteBuilder code, data;
  raw(code, {0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48, 0x89, 0xe5});  // endbr64; push rbp; mov rbp, rsp
  raw(code,
      {0x48, 0x89, 0x7d, 0xf8, 0x48, 0x8b, 0x45, 0xf8});  // mov [rbp-8], rdi; mov rax, [rbp-8]
  raw(code, {0x48, 0x83, 0xc0, 0x10, 0x5d, 0xc3});        // add rax, 16; pop rbp; ret
  data.zeros(64);
  auto process = with(code, data);
  EXPECT_EQ(followed_call(*process, Address{kWhatCode}, Address{kData}), kData + 16);
}

TEST(FollowedCall, TakesABranchThatItCanDecide) {
  ByteBuilder code, data;
  raw(code, {0x48, 0x83, 0x7f, 0x08, 0x00, 0x74, 0x04});  // cmp qword [rdi+8], 0; je +4
  raw(code, {0x48, 0x8b, 0x07, 0xc3});                    // mov rax, [rdi]; ret
  raw(code, {0x31, 0xc0, 0xc3});                          // xor eax, eax; ret
  data.u64(77).u64(0).u64(99).u64(5);
  auto process = with(code, data);
  EXPECT_EQ(followed_call(*process, Address{kWhatCode}, Address{kData}), 0u);
  EXPECT_EQ(followed_call(*process, Address{kWhatCode}, Address{kData + 16}), 99u);
}

TEST(FollowedCall, GivesUpInALoop) {
  ByteBuilder code, data;
  raw(code, {0xeb, 0xfe});  // jmp to itself
  auto process = with(code, data);
  EXPECT_FALSE(followed_call(*process, Address{kWhatCode}, Address{kData}));
}

TEST(FollowedCall, GivesUpInRecursion) {
  ByteBuilder code, data;
  raw(code, {0xe8, 0xfb, 0xff, 0xff, 0xff, 0xc3});  // call itself
  auto process = with(code, data);
  EXPECT_FALSE(followed_call(*process, Address{kWhatCode}, Address{kData}));
}

TEST(StdString, LocalAndOnTheHeap) {
  ByteBuilder code, data;
  data.u64(kData + 16).u64(5).c_string("hello").zeros(10);
  data.u64(kData + 64).u64(11).u64(30).u64(0).c_string("hello again");
  auto process = with(code, data);
  EXPECT_EQ(std_string_at(process->memory(), Address{kData}), "hello");
  EXPECT_EQ(std_string_at(process->memory(), Address{kData + 32}), "hello again");
  EXPECT_FALSE(std_string_at(process->memory(), Address{kData + 8}));
}

TEST(Text, RefusesBinary) {
  ByteBuilder code, data;
  data.c_string("gr\xc3\xbc\xc3\x9f").zeros(1).c_string("\xff\xfe").c_string("\xc3");
  auto process = with(code, data);
  EXPECT_EQ(text_at(process->memory(), Address{kData}), "gr\xc3\xbc\xc3\x9f");
  EXPECT_FALSE(text_at(process->memory(), Address{kData + 8}));
  EXPECT_FALSE(text_at(process->memory(), Address{kData + 11}));
}

}  // namespace
}  // namespace inquest::cause
