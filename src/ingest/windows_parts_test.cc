// What a minidump of Windows says between the lines: 32-bit processes through the emulation layer,
// images without a CodeView record, code made at run time.
#include <cstdio>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/minidump.h"
#include "testkit/minidump.h"
#include "testkit/pe.h"

namespace inquest::ingest {
namespace {

namespace x64 = snapshot::x64;
using testing::HasSubstr;
using testkit::ByteBuilder;
using testkit::DumpCpu;
using testkit::MinidumpBuilder;
using testkit::PeBuilder;

snapshot::Snapshot snapshot_of(const MinidumpBuilder& builder) {
  auto bytes = builder.build();
  std::unique_ptr<FILE, int (*)(FILE*)> file{std::tmpfile(), std::fclose};
  std::fwrite(bytes.data(), 1, bytes.size(), file.get());
  std::fflush(file.get());
  auto read = read_minidump(*MappedFile::from_descriptor(fileno(file.get()), "test.dmp"));
  EXPECT_TRUE(read) << read.error().line();
  return read ? std::move(*read) : snapshot::Snapshot{};
}

std::string all_of(const std::vector<Warning>& warnings) {
  std::string all;
  for (const Warning& warning : warnings) all += warning.what + "\n";
  return all;
}

constexpr uint64_t kTeb64 = 0x300000, kTeb32 = 0x302000, kKept = 0x9afd20;

/// Thread 1 is in the layer, thread 2 was interrupted in 32-bit code, thread 3's TEB is not there.
struct Wow64Dump {
  Wow64Dump() {
    builder.system({});
    builder.module({.path = "C:\\game\\lobby.exe"});
    builder.module({.base = 0x77000000, .path = "C:\\Windows\\System32\\wow64.dll"});
    builder.thread({.id = 1, .teb = kTeb64, .context = wide(0x7ffb12340000, 0x33)});
    builder.thread({.id = 2, .teb = kTeb64 + 0x10000, .context = wide(0x401234, 0x23)});
  }
  static std::vector<std::byte> wide(uint64_t rip, uint16_t segment) {
    auto context = testkit::dump_context(
        DumpCpu::x64, {{"rip", rip}, {"rsp", 0x19f000}, {"rbp", 0x19f100}, {"rcx", 0xc0ffee}});
    context[0x38] = std::byte(segment);
    return context;
  }
  void add_teb(uint16_t flags = 0) {
    ByteBuilder teb;
    teb.u64(kTeb32).zeros(0x1480).u64(kKept).zeros(0x100);
    builder.memory(kTeb64, teb.take());
    builder.memory(kTeb32, ByteBuilder().u32(0x19ffcc).zeros(0x14).u32(kTeb32).zeros(8).take());
    auto context = testkit::dump_context(
        DumpCpu::x86, {{"eip", 0x77aa0010}, {"esp", 0x19f8c0}, {"ebp", 0x19f900}, {"ebx", 7}});
    builder.memory(kKept, ByteBuilder().u16(flags).u16(0x14c).bytes(context).take());
  }
  MinidumpBuilder builder;
};

TEST(Wow64, GivesTheProgramsOwnRegisters) {
  Wow64Dump dump;
  dump.add_teb();
  auto s = snapshot_of(dump.builder);
  EXPECT_EQ(s.arch, snapshot::Arch::x86);
  EXPECT_EQ(s.annotations["wow64"], "true");
  EXPECT_THAT(all_of(s.warnings), testing::Not(HasSubstr("32-bit")));
  ASSERT_EQ(s.threads.size(), 2u);
  const auto& kept = s.threads[0];
  EXPECT_EQ(kept.registers.pc(), Address{0x77aa0010});
  EXPECT_EQ(kept.registers.sp(), Address{0x19f8c0});
  EXPECT_EQ(kept.registers.fp(), Address{0x19f900});
  EXPECT_EQ(kept.registers.get(3), 7u);
  EXPECT_EQ(kept.tls, kTeb32);
  const auto& interrupted = s.threads[1];
  EXPECT_EQ(interrupted.registers.pc(), Address{0x401234});
  EXPECT_EQ(interrupted.registers.fp(), Address{0x19f100});
  EXPECT_EQ(interrupted.registers.get(1), 0xc0ffeeu);
  EXPECT_FALSE(interrupted.tls) << "its 32-bit TEB is not in the dump";
}

TEST(Wow64, SaysWhichThreadsLackThem) {
  Wow64Dump dump;
  auto s = snapshot_of(dump.builder);  // thread 1's memory is not there
  EXPECT_EQ(s.arch, snapshot::Arch::x86);
  EXPECT_FALSE(s.threads[0].registers.pc());
  EXPECT_THAT(all_of(s.warnings), HasSubstr("lacks the 32-bit registers of 1 of 2 threads"));
}

TEST(Wow64, KeepsTheLayersStackWhereThereIsNoOther) {
  MinidumpBuilder builder;
  builder.system({}).module({.path = "C:\\a.exe"});
  builder.module({.base = 0x70000000, .path = "C:\\Windows\\System32\\wow64.dll"});
  builder.thread({.id = 1, .teb = kTeb64, .context = Wow64Dump::wide(0x77001000, 0x33)});
  auto s = snapshot_of(builder);
  EXPECT_EQ(s.arch, snapshot::Arch::x86_64);
  EXPECT_EQ(s.threads[0].registers.pc(), Address{0x77001000});
  EXPECT_THAT(all_of(s.warnings), HasSubstr("dumped by a 64-bit program"));

  // The thread that died decides: of the others alone nobody wants to know.
  Wow64Dump dump;
  dump.builder.exception({.thread = 1, .context = Wow64Dump::wide(0x7ffb12340000, 0x33)});
  auto t = snapshot_of(dump.builder);
  EXPECT_EQ(t.arch, snapshot::Arch::x86_64);
  EXPECT_THAT(all_of(t.warnings), HasSubstr("it has those of 1 others"));
}

TEST(Wow64, TakesNoOtherMemoryForAContext) {
  Wow64Dump dump;
  ByteBuilder teb;
  teb.u64(kTeb64).zeros(0x1480).u64(kKept);  // no 32-bit TEB, and the slot is somebody else's
  dump.builder.memory(kTeb64, teb.take());
  dump.builder.memory(kKept, std::vector<std::byte>(716, std::byte{0x41}));
  auto s = snapshot_of(dump.builder);
  EXPECT_FALSE(s.threads[0].registers.pc());
  EXPECT_FALSE(s.threads[0].tls);
}

constexpr uint8_t kGuid[16] = {0x9d, 0xd9, 0x49, 0x32, 0x40, 0x0c, 0x31, 0x49,
                               0x86, 0x10, 0xf4, 0xe4, 0xfb, 0x0b, 0x69, 0x36};

TEST(ImageIdentity, IsReadFromMemoryWhereTheDumpHasNone) {
  PeBuilder image;
  image.timestamp(0x5ab38077);
  image.add_section(".text", std::vector<std::byte>(16, std::byte{0x90}), PeBuilder::code);
  image.add_codeview(kGuid, 3, "C:\\build\\crash.pdb");
  image.add_version(7, 1, 2, 3);
  auto with = [&](uint32_t timestamp) {
    MinidumpBuilder builder;
    builder.system({}).thread({.id = 1, .context = testkit::dump_context(DumpCpu::x64, {})});
    builder.module({.base = 0x140000000,
                    .size = image.next_rva(),
                    .timestamp = timestamp,
                    .path = "C:\\crash.exe"});
    builder.memory(0x140000000, image.mapped());
    return snapshot_of(builder).modules.at(0);
  };
  auto module = with(0);
  EXPECT_EQ(module.identity.debug_id, "3249D99D0C4049318610F4E4FB0B69363");
  EXPECT_EQ(module.identity.debug_file, "C:\\build\\crash.pdb");
  EXPECT_EQ(module.identity.timestamp, 0x5ab38077u);
  EXPECT_EQ(module.version, "7.1.2.3");
  EXPECT_TRUE(with(0x5ab38077).identity.debug_id);
  // Headers of another time were written over what the loader saw.
  auto other = with(0x11111111);
  EXPECT_FALSE(other.identity.debug_id);
  EXPECT_EQ(other.identity.timestamp, 0x11111111u);
}

TEST(FunctionTables, AreSortedAndKnowWhereTheyHold) {
  MinidumpBuilder builder;
  builder.system({}).module({}).thread(
      {.id = 1, .context = testkit::dump_context(DumpCpu::x64, {{"rip", 4}})});
  builder.function_table(0x1c0f0000000, {{0x1100, 0x1180, 0x3040}, {0x1000, 0x1080, 0x3000}});
  auto s = snapshot_of(builder);
  EXPECT_EQ(all_of(s.warnings), all_of(snapshot_of(builder).warnings));
  ASSERT_EQ(s.function_tables.size(), 1u);
  const auto& table = s.function_tables[0];
  EXPECT_EQ(table.range, (AddressRange{Address{0x1c0f0001000}, Address{0x1c0f0001180}}));
  EXPECT_EQ(table.base, Address{0x1c0f0000000});
  ASSERT_EQ(table.entries.size(), 24u);
  EXPECT_EQ(static_cast<uint8_t>(table.entries[1]), 0x10u) << "0x1000 comes first";
  EXPECT_EQ(static_cast<uint8_t>(table.entries[0]), 0u);
  EXPECT_EQ(s.function_table_at(Address{0x1c0f0001090}), &table);
  EXPECT_EQ(s.function_table_at(Address{0x1c0f0001180}), nullptr);

  MinidumpBuilder odd;
  odd.system({}).module({}).thread(
      {.id = 1, .context = testkit::dump_context(DumpCpu::x64, {{"rip", 4}})});
  odd.function_table(UINT64_MAX - 16, {{0x1000, 0x1080, 0x3000}});
  auto t = snapshot_of(odd);
  EXPECT_TRUE(t.function_tables.empty());
  EXPECT_THAT(all_of(t.warnings), HasSubstr("1 of 1 function tables"));
}

}  // namespace
}  // namespace inquest::ingest
