/// What a minidump's thread died of: exceptions, signals, requested dumps, the thread that only the
/// exception has.
#include <gtest/gtest.h>

#include "ingest/test_minidump.h"
#include "testkit/minidump.h"

namespace inquest::ingest {
namespace {

using namespace test_minidump;
using testkit::dump_context;
using testkit::DumpCpu;
using testkit::MinidumpBuilder;

/// A Linux dump of one thread with this exception.
snapshot::Snapshot died_of(uint32_t signal, uint32_t code, uint64_t address, uint64_t pc) {
  MinidumpBuilder builder;
  auto context = dump_context(DumpCpu::x64, {{"rip", pc}});
  builder.system({.platform = 0x8201}).thread({.id = 7, .context = context});
  builder.exception(
      {.thread = 7, .code = signal, .flags = code, .address = address, .context = context});
  return taken(builder.build());
}

TEST(Minidump, TellsSentSignalsFromFaults) {
  auto sent = died_of(6, static_cast<uint32_t>(-6), 0x3e8'00000007, 0x1000);
  EXPECT_EQ(sent.fault->sender_pid, 7);
  EXPECT_EQ(sent.fault->sender_uid, 1000u);
  EXPECT_FALSE(sent.fault->address);
  auto by_crashpad = died_of(6, static_cast<uint32_t>(-6), 0, 0x1000);
  EXPECT_EQ(by_crashpad.fault->signal_code, -6);
  EXPECT_FALSE(by_crashpad.fault->sender_pid);
  // Old Breakpad did not write the code: an address that is not the instruction's is a sender.
  auto old_kill = died_of(4, 0, 11119, 0x7f0000001000);
  EXPECT_EQ(old_kill.fault->signal_code, 0);
  EXPECT_EQ(old_kill.fault->sender_pid, 11119);
  auto old_fault = died_of(11, 0, 0x24, 0x7f0000001000);
  EXPECT_FALSE(old_fault.fault->signal_code);
  EXPECT_EQ(old_fault.fault->address, Address{0x24});
  auto old_illegal = died_of(4, 0, 0x1000, 0x1000);
  EXPECT_FALSE(old_illegal.fault->signal_code);
  EXPECT_EQ(old_illegal.fault->address, Address{0x1000});
  auto wild = died_of(11, 0x80, 0, 0x1000);
  EXPECT_EQ(wild.fault->signal_code, 0x80);
  EXPECT_FALSE(wild.fault->address);
}

TEST(Minidump, KnowsRequestedDumps) {
  for (auto [platform, code] :
       {std::pair{0x8201u, 0xffffffffu}, std::pair{2u, 0x0517a7edu}, std::pair{0x8201u, 0u}}) {
    MinidumpBuilder builder;
    builder.system({.platform = platform});
    builder.thread({.id = 7, .context = dump_context(DumpCpu::x64, {{"rip", 1}})});
    builder.exception(
        {.thread = 7, .code = code, .context = dump_context(DumpCpu::x64, {{"rip", 2}})});
    auto s = taken(builder.build());
    EXPECT_FALSE(s.fault);
    EXPECT_FALSE(s.crashed_thread());
    EXPECT_EQ(s.annotations.at("dump"), "requested");
    EXPECT_EQ(s.threads[0].registers.pc(), Address{2});
  }
}

TEST(Minidump, TellsTheAddressOfEachException) {
  auto address = [](uint32_t code, std::vector<uint64_t> parameters) {
    MinidumpBuilder builder;
    builder.system({.processor = 0}).thread({.id = 1});
    builder.exception({.code = code, .address = 0x401000, .parameters = std::move(parameters)});
    return taken(builder.build()).fault->address;
  };
  // 32-bit addresses may be sign-extended.
  EXPECT_EQ(address(0xc0000005, {0, 0xffffffff80000010}), Address{0x80000010});
  EXPECT_EQ(address(0xc0000006, {0, 0x5000, 0xc000009c}), Address{0x5000});
  EXPECT_EQ(address(0xc0000005, {}), std::nullopt);
  EXPECT_EQ(address(0xc0000005, {0, UINT64_MAX}), std::nullopt);  // not canonical
  EXPECT_EQ(address(0xc0000094, {}), Address{0x401000});
  EXPECT_EQ(address(0xe06d7363, {1, 2, 3}), std::nullopt);
  EXPECT_EQ(address(0xc0000409, {7}), std::nullopt);
}

TEST(Minidump, AddsTheThreadThatOnlyTheExceptionHas) {
  MinidumpBuilder builder;
  builder.system({}).thread({.id = 1, .context = dump_context(DumpCpu::x64, {})});
  builder.exception({.thread = 9, .context = dump_context(DumpCpu::x64, {{"rip", 5}})});
  auto s = taken(builder.build());
  ASSERT_EQ(s.threads.size(), 2u);
  EXPECT_EQ(s.crashed_thread()->id, 9u);
  EXPECT_EQ(s.crashed_thread()->registers.pc(), Address{5});
  EXPECT_NE(text(s.warnings).find("thread 9, which had the exception"), std::string::npos);
}

TEST(Minidump, ForgetsTheRegistersThatTheWriterBorrowed) {
  MinidumpBuilder builder;
  auto context = dump_context(DumpCpu::x64, {{"rip", 5}, {"rsp", 0x1000}});
  builder.system({}).thread({.id = 1, .context = dump_context(DumpCpu::x64, {{"rsp", 0x2000}})});
  builder.thread({.id = 2, .context = context}).exception({.thread = 1, .context = context});
  auto s = taken(builder.build());
  EXPECT_EQ(s.threads[0].registers.pc(), Address{5});
  EXPECT_FALSE(s.threads[1].registers.pc());
  EXPECT_NE(text(s.warnings).find("it wrote the dump"), std::string::npos);
}

}  // namespace
}  // namespace inquest::ingest
