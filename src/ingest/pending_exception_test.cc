// Dumps without an exception stream, of a process whose handlers were busy with one.
#include <cstdio>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/minidump.h"
#include "testkit/minidump.h"

namespace inquest::ingest {
namespace {

using testkit::ByteBuilder;
using testkit::DumpCpu;
using testkit::MinidumpBuilder;

constexpr uint64_t kStack = 0x19d000, kFault = 0x401234, kFailedSp = 0x19ef00;
constexpr uint64_t kRecordAt = 0x800, kContextAt = 0xa00, kPairAt = 0x100;

struct Handled {
  uint32_t code = 0xc0000005;
  uint64_t context_pc = kFault, failed_sp = kFailedSp;
  bool has_stream = false;
};

std::vector<std::byte> words(std::initializer_list<uint64_t> values, size_t size) {
  ByteBuilder out;
  for (uint64_t value : values) {
    if (size == 8) {
      out.u64(value);
    } else {
      out.u32(static_cast<uint32_t>(value));
    }
  }
  return out.take();
}

void place(std::vector<std::byte>& stack, uint64_t at, const std::vector<std::byte>& bytes) {
  std::ranges::copy(bytes, stack.begin() + static_cast<ptrdiff_t>(at));
}

snapshot::Snapshot read(const Handled& how, DumpCpu cpu) {
  const bool is_64 = cpu == DumpCpu::x64;
  const size_t word = is_64 ? 8 : 4;
  std::vector<std::byte> stack(0x2000);
  place(stack, kPairAt, words({kStack + kRecordAt, kStack + kContextAt}, word));
  ByteBuilder record;
  record.u32(how.code).u32(0);
  record.bytes(words({0, kFault}, word)).u32(2);
  if (is_64) record.u32(0);
  record.bytes(words({1, 0x18}, word));
  place(stack, kRecordAt, record.take());
  place(stack, kContextAt,
        is_64 ? testkit::dump_context(cpu,
                                      {{"rip", how.context_pc}, {"rsp", how.failed_sp}, {"rbx", 7}})
              : testkit::dump_context(
                    cpu, {{"eip", how.context_pc}, {"esp", how.failed_sp}, {"ebx", 7}}));
  MinidumpBuilder builder;
  builder.system({.processor = static_cast<uint16_t>(is_64 ? 9 : 0)});
  builder.module({.size = 0x10000, .path = "C:\\game\\lobby.exe"});
  auto waiting = is_64 ? testkit::dump_context(cpu, {{"rip", 0x7ffb0010}, {"rsp", kStack + 0x10}})
                       : testkit::dump_context(cpu, {{"eip", 0x7ffb0010}, {"esp", kStack + 0x10}});
  builder.thread({.id = 7, .stack = kStack, .stack_bytes = stack, .context = waiting});
  if (how.has_stream)
    builder.exception({.thread = 7, .code = 0x80000003, .address = 0x7ffb0010, .context = waiting});
  auto bytes = builder.build();
  std::unique_ptr<FILE, int (*)(FILE*)> file{std::tmpfile(), std::fclose};
  std::fwrite(bytes.data(), 1, bytes.size(), file.get());
  std::fflush(file.get());
  auto done = read_minidump(*MappedFile::from_descriptor(fileno(file.get()), "test.dmp"));
  EXPECT_TRUE(done) << done.error().line();
  return done ? std::move(*done) : snapshot::Snapshot{};
}

class PendingException : public testing::TestWithParam<DumpCpu> {};

TEST_P(PendingException, IsFoundOnTheStackOfItsThread) {
  auto s = read({}, GetParam());
  ASSERT_TRUE(s.fault);
  EXPECT_EQ(s.fault->thread, 7u);
  EXPECT_EQ(s.fault->exception, 0xc0000005u);
  EXPECT_EQ(s.fault->address->value, 0x18u);
  ASSERT_EQ(s.threads.size(), 1u);
  EXPECT_TRUE(s.threads[0].crashed);
  EXPECT_EQ(s.threads[0].registers.pc()->value, kFault);
  EXPECT_EQ(s.threads[0].registers.sp()->value, kFailedSp);
  std::string told;
  for (const Warning& warning : s.warnings) told += warning.what + "\n";
  EXPECT_THAT(told, testing::HasSubstr("that of thread 7 was found on its stack"));
}

TEST_P(PendingException, TakesNothingElseForOne) {
  // What is thrown and caught, a context of another place, one below the handlers: no death.
  EXPECT_FALSE(read({.code = 0xe06d7363}, GetParam()).fault);
  EXPECT_FALSE(read({.context_pc = kFault + 1}, GetParam()).fault);
  EXPECT_FALSE(read({.failed_sp = kStack + 0x80}, GetParam()).fault);
  EXPECT_FALSE(read({.failed_sp = 0x500000}, GetParam()).fault);
}

TEST_P(PendingException, TheDumpsOwnWordComesFirst) {
  auto s = read({.has_stream = true}, GetParam());
  ASSERT_TRUE(s.fault);
  EXPECT_EQ(s.fault->exception, 0x80000003u);
}

INSTANTIATE_TEST_SUITE_P(Processors, PendingException, testing::Values(DumpCpu::x64, DumpCpu::x86),
                         [](const auto& cpu) { return cpu.param == DumpCpu::x64 ? "x64" : "x86"; });

}  // namespace
}  // namespace inquest::ingest
