/// Minidumps as Snapshots: modules, the map, systems, memory, and what is left of a damaged one.
#include "testkit/minidump.h"

#include <gtest/gtest.h>

#include "ingest/test_minidump.h"
#include "testkit/elf_seeds.h"

namespace inquest::ingest {
namespace {

using namespace test_minidump;
using snapshot::Access;
using snapshot::Arch;
using snapshot::Os;
using testkit::ByteBuilder;
using testkit::dump_context;
using testkit::DumpCpu;
using testkit::MinidumpBuilder;

TEST(Minidump, BecomesASnapshot) {
  auto s = taken(testkit::minidump_seeds().at("windows-x64"));
  EXPECT_TRUE(s.complete);
  EXPECT_EQ(text(s.warnings), "");
  EXPECT_EQ(s.format, snapshot::Format::minidump);
  EXPECT_EQ(s.os, Os::windows);
  EXPECT_EQ(s.arch, Arch::x86_64);
  EXPECT_EQ(s.process.pid, 4711);
  EXPECT_EQ(s.process.command, "lobby.exe");
  EXPECT_EQ(s.process.time, std::chrono::sys_seconds{std::chrono::seconds{1700000000}});
  EXPECT_EQ(s.system.os_version, "10.0.19045");
  EXPECT_EQ(s.system.os_detail, "Service Pack 1");
  EXPECT_EQ(s.system.cpu, "GenuineIntel family 6 model 58 stepping 9");
  EXPECT_EQ(s.system.cpu_count, 4u);

  ASSERT_EQ(s.threads.size(), 2u);
  EXPECT_TRUE(s.threads[0].crashed);
  EXPECT_EQ(s.threads[0].tls, 0x300000u);
  EXPECT_EQ(s.threads[0].registers.pc(), Address{0x401000});
  EXPECT_EQ(s.threads[1].name, "worker");
  ASSERT_TRUE(s.fault);
  EXPECT_EQ(s.fault->exception, 0xc0000005u);
  EXPECT_EQ(s.fault->address, Address{0x24});
  EXPECT_EQ(s.fault->parameters[0], 1u);
  EXPECT_FALSE(s.fault->signal);

  EXPECT_EQ(s.memory.read<le64>(Address{0x401008}), 0x9090909090909090u);
  EXPECT_EQ(s.memory.origin(Address{0x200000}), snapshot::Origin::dump);
  EXPECT_EQ(s.memory.pieces().size(), 5u);  // a stack and three ranges; one range twice

  ASSERT_EQ(s.unloaded.size(), 1u);
  EXPECT_EQ(s.unloaded[0].range, (AddressRange{Address{0x600000}, Address{0x601000}}));
  ASSERT_EQ(s.handles.size(), 2u);
  EXPECT_EQ(s.handles[0].type, "Mutant");
  EXPECT_EQ(s.annotations.at("comment"), "left by hand");
  EXPECT_EQ(s.annotations.at("assertion"), "p != 0 (invalid parameter), function f, a.cc:12");
  EXPECT_EQ(s.annotations.at("crashpad.prod"), "lobby");
  EXPECT_EQ(s.annotations.at("crashpad.lobby.exe.k"), "v");
  EXPECT_EQ(s.annotations.at("crashpad.lobby.exe.o"), "w");
  EXPECT_EQ(s.annotations.at("crashpad.lobby.exe"), "one");
  EXPECT_EQ(s.annotations.at("process.created"), "2020-09-13T12:26:40Z");
  EXPECT_EQ(s.annotations.at("process.integrity"), "medium");
}

TEST(Minidump, IdentifiesModules) {
  auto s = taken(testkit::minidump_seeds().at("windows-x64"));
  ASSERT_EQ(s.modules.size(), 2u);
  const snapshot::Module& main = s.modules[0];
  EXPECT_TRUE(main.is_main);
  EXPECT_EQ(main.path, "C:\\app\\lobby.exe");
  EXPECT_EQ(main.file_name(), "lobby.exe");
  EXPECT_EQ(main.bias, 0x400000u);
  // "0123456789abcdef" as a GUID: its three numbers are little-endian.
  EXPECT_EQ(main.identity.debug_id, "333231303534373638396162636465661");
  EXPECT_EQ(main.identity.debug_file, "C:\\b\\lobby.pdb");
  EXPECT_EQ(main.version, "10.0.19042.1");
  EXPECT_EQ(s.modules[1].identity.debug_id, "000012342");
  EXPECT_EQ(s.modules[1].identity.timestamp, 5u);
}

TEST(Minidump, TakesTheMapOfWindows) {
  auto s = taken(testkit::minidump_seeds().at("windows-x64"));
  const snapshot::Region* guard = s.region_at(Address{0x1ff000});
  ASSERT_TRUE(guard);
  EXPECT_EQ(guard->file, "[guard]");
  EXPECT_EQ(guard->access, Access{});
  const snapshot::Region* stack = s.region_at(Address{0x200000});
  ASSERT_TRUE(stack);
  EXPECT_EQ(stack->file, "[stack:1]");
  EXPECT_EQ(stack->access, (Access{.read = true, .write = true}));
  EXPECT_EQ(stack->recorded, 64u);
  const snapshot::Region* code = s.region_at(Address{0x401000});
  ASSERT_TRUE(code);
  EXPECT_EQ(code->file, "");  // outside the module, which ends at 0x401000
  EXPECT_EQ(code->access, (Access{.read = true, .execute = true}));
  // Dumped, but not in the map.
  const snapshot::Region* outside = s.region_at(Address{0x700000});
  ASSERT_TRUE(outside);
  EXPECT_FALSE(outside->access);
  EXPECT_EQ(outside->recorded, 8u);
  EXPECT_FALSE(s.annotations.contains("address_space"));
}

TEST(Minidump, TellsThatTheMapIsPartial) {
  MinidumpBuilder builder;
  builder.system({}).module({.path = "a.exe"}).memory(0x400100, filled(16, 1));
  builder.memory(0x900000, filled(16, 2));
  builder.thread({.id = 1,
                  .stack = 0x900000,
                  .stack_bytes = filled(16, 2),
                  .context = dump_context(DumpCpu::x64, {{"rsp", 0x900008}})});
  auto s = taken(builder.build());
  EXPECT_EQ(s.annotations.at("address_space"), "partial");
  EXPECT_NE(text(s.warnings).find("does not map the address space"), std::string::npos);
  ASSERT_EQ(s.regions.size(), 2u);
  EXPECT_EQ(s.regions[0].file, "a.exe");
  EXPECT_EQ(s.regions[0].recorded, 16u);
  EXPECT_FALSE(s.regions[0].access);
  EXPECT_EQ(s.regions[1].file, "[stack:1]");
}

TEST(Minidump, ReadsEveryArchitecture) {
  struct Expected {
    const char* seed;
    Arch arch;
    Os os;
    uint64_t pc;
  };
  const Expected all[] = {{"windows-x86", Arch::x86, Os::windows, 0x401000},
                          {"windows-arm", Arch::arm, Os::windows, 0x401000},
                          {"windows-arm64", Arch::aarch64, Os::windows, 0x401000},
                          {"linux-x64", Arch::x86_64, Os::linux, 0x7f0000001000},
                          {"linux-arm64", Arch::aarch64, Os::linux, 0x7f0000001000}};
  for (const Expected& expected : all) {
    auto s = taken(testkit::minidump_seeds().at(expected.seed));
    EXPECT_EQ(s.arch, expected.arch) << expected.seed;
    EXPECT_EQ(s.os, expected.os) << expected.seed;
    ASSERT_TRUE(s.crashed_thread()) << expected.seed;
    EXPECT_EQ(s.crashed_thread()->registers.pc(), Address{expected.pc}) << expected.seed;
  }
}

TEST(Minidump, TakesLinuxFromItsFiles) {
  auto s = taken(testkit::minidump_seeds().at("linux-x64"));
  EXPECT_EQ(text(s.warnings), "");
  EXPECT_EQ(s.process.pid, 7);
  EXPECT_EQ(s.process.command, "lobby");
  EXPECT_EQ(s.process.arguments, "./lobby --all");
  EXPECT_EQ(s.process.auxv.at(9), 0x7f0000001000u);
  EXPECT_EQ(s.system.os_version, "6.1.0-38-amd64");
  EXPECT_EQ(s.system.os_detail, "Debian 12");
  EXPECT_EQ(s.system.cpu, "Some CPU");
  EXPECT_EQ(s.system.cpu_count, 2u);
  ASSERT_TRUE(s.fault);
  EXPECT_EQ(s.fault->signal, 11);
  EXPECT_EQ(s.fault->signal_code, 1);
  EXPECT_EQ(s.fault->address, Address{0x24});
  EXPECT_FALSE(s.fault->exception);

  ASSERT_EQ(s.modules.size(), 1u);
  const snapshot::Module& module = s.modules[0];
  EXPECT_TRUE(module.is_main);
  EXPECT_EQ(module.bias, 0x7f0000000000u);
  EXPECT_EQ(module.range.end, Address{0x7f0000004000});  // with its data
  EXPECT_EQ(module.identity.build_id.size(), 20u);
  EXPECT_EQ(module.identity.debug_id, "343332313635383739303132333435360");
  EXPECT_EQ(s.region_at(Address{0x7ffd00000000})->file, "[stack]");
  EXPECT_EQ(s.region_at(Address{0x7f0000001000})->file_offset, FileOffset{0x1000});
}

TEST(Minidump, PrefersTheStackThatTheTebNames) {
  MinidumpBuilder builder;
  builder.system({});
  ByteBuilder teb;
  teb.u64(0).u64(0x210000).u64(0x208000);
  builder.memory(0x300000, teb.take());
  builder.memory_info({0x200000, 0x10000}).memory_info({0x800000, 0x10000});
  builder.memory_info({0x300000, 0x1000});
  builder.thread(
      {.id = 3, .teb = 0x300000, .context = dump_context(DumpCpu::x64, {{"rsp", 0x800100}})});
  auto s = taken(builder.build());
  EXPECT_EQ(s.region_at(Address{0x200000})->file, "[stack:3]");
  EXPECT_EQ(s.region_at(Address{0x800000})->file, "");
}

TEST(Minidump, ReadsTheCommandLineFromMemory) {
  MinidumpBuilder builder;
  builder.system({}).thread({.id = 1, .teb = 0x300000});
  builder.memory(0x300060, ByteBuilder().u64(0x310000).take());  // TEB -> PEB
  builder.memory(0x310020, ByteBuilder().u64(0x320000).take());  // PEB -> parameters
  builder.memory(0x320070, ByteBuilder().u16(6).u16(8).u32(0).u64(0x330000).take());
  builder.memory(0x330000, ByteBuilder().u16('a').u16(' ').u16('b').take());
  EXPECT_EQ(taken(builder.build()).process.arguments, "a b");
  MinidumpBuilder without;
  without.system({}).thread({.id = 1, .teb = 0x300000});
  EXPECT_EQ(taken(without.build()).process.arguments, "");
}

TEST(Minidump, PlacesExecutablesOfAFixedAddress) {
  MinidumpBuilder builder;
  builder.system({.platform = 0x8201}).thread({.id = 1, .context = dump_context(DumpCpu::x64, {})});
  builder.module({.base = 0x400000, .size = 0x1000, .path = "/opt/a"});
  builder.module({.base = 0x7f0000001000, .size = 0x1000, .path = "/lib/b.so (deleted)"});
  builder.module({.base = 0x7fff00000000, .size = 0x1000, .path = "linux-gate.so"});
  // A library whose first address is not 0 in its file.
  builder.linked_image(0x7f0000000000, "/lib/b.so", 0x7f0000001800);
  auto s = taken(builder.build());
  ASSERT_EQ(s.modules.size(), 3u);
  EXPECT_EQ(s.modules[0].bias, 0u);
  EXPECT_EQ(s.modules[1].bias, 0x7f0000000000u);
  EXPECT_EQ(s.modules[1].path, "/lib/b.so");
  EXPECT_TRUE(s.modules[1].deleted);
  EXPECT_TRUE(s.modules[2].is_vdso);
  EXPECT_EQ(s.modules[2].path, "[vdso]");
}

TEST(Minidump, KeepsOverlappingThingsApart) {
  MinidumpBuilder builder;
  builder.system({}).thread({.id = 1, .context = dump_context(DumpCpu::x64, {})});
  builder.module({.base = 0x1000, .size = 0xffffffff, .path = "a"});
  builder.module({.base = 0x2000, .size = 0x1000, .path = "b"});
  builder.module({.base = 0x2000, .size = 0x5000, .path = "b again"});
  builder.module({.base = 0x9000, .size = 0, .path = "empty"});
  builder.module({.base = UINT64_MAX - 8, .size = 0x1000, .path = "at the end"});
  builder.memory(0x5000, filled(0x100, 1)).memory(0x5080, filled(0x100, 2));
  builder.memory(0x5010, filled(0x10, 3)).memory(UINT64_MAX - 4, filled(16, 4));
  builder.memory_info({0x5000, 0x1000}).memory_info({0x5000, 0x2000});
  builder.memory_info({UINT64_MAX - 0xfff, 0x10000});
  auto s = taken(builder.build());
  ASSERT_EQ(s.modules.size(), 3u);
  EXPECT_EQ(s.modules[0].range.end, Address{0x2000});
  EXPECT_EQ(s.memory.read<u8>(Address{0x5010}), 1);
  EXPECT_EQ(s.memory.read<u8>(Address{0x50ff}), 1);
  EXPECT_EQ(s.memory.read<u8>(Address{0x5100}), 2);
  for (size_t i = 1; i < s.regions.size(); ++i) {
    EXPECT_LE(s.regions[i - 1].range.end, s.regions[i].range.begin);
  }
}

TEST(Minidump, IsPartialWithoutItsParts) {
  MinidumpBuilder no_system;
  no_system.thread({.id = 1, .context = dump_context(DumpCpu::arm64, {{"pc", 4}})});
  auto s = taken(no_system.build());
  EXPECT_EQ(s.arch, Arch::aarch64);
  EXPECT_FALSE(s.complete);
  EXPECT_NE(text(s.warnings).find("does not tell its system"), std::string::npos);
  EXPECT_NE(text(s.warnings).find("lists no modules"), std::string::npos);

  MinidumpBuilder strange;
  strange.system({.processor = 0x7777});
  strange.thread({.id = 1, .context = filled(10, 0)});
  strange.thread({.id = 2, .context = dump_context(DumpCpu::x86, {{"eip", 4}})});
  auto t = taken(strange.build());
  EXPECT_EQ(t.arch, Arch::x86);
  EXPECT_NE(text(t.warnings).find("names the unknown processor 0x7777"), std::string::npos);

  MinidumpBuilder wrong_contexts;
  wrong_contexts.system({}).thread({.id = 1, .context = filled(100, 0)});
  auto w = taken(wrong_contexts.build());
  EXPECT_FALSE(w.complete);
  EXPECT_FALSE(w.threads[0].registers.pc());
  EXPECT_NE(text(w.warnings).find("1 of 1 threads have no registers"), std::string::npos);
}

TEST(Minidump, RefusesWhatTellsNothing) {
  MinidumpBuilder other;
  other.system({.processor = 6}).thread({.id = 1});
  EXPECT_EQ(read(other.build()).error().what, "is a minidump of processor 0x6, which is not read");
  MinidumpBuilder nothing;
  nothing.system({});
  EXPECT_EQ(read(nothing.build()).error().what,
            "is a minidump in which no thread and no module can be told");
  MinidumpBuilder unknown;
  unknown.comment("x");
  auto error = read(unknown.build()).error();
  EXPECT_EQ(error.what, "is a minidump that does not tell its processor");
  EXPECT_EQ(error.file, "test.dmp");
}

/// The fuzzer's seeds are good inputs. With INQUEST_WRITE_SEEDS=fuzz/corpus they are also written.
TEST(Minidump, SeedsAreRead) {
  for (const auto& [name, bytes] : testkit::minidump_seeds()) {
    auto s = read(bytes);
    ASSERT_TRUE(s) << name << ": " << s.error().line();
    EXPECT_EQ(s->complete, name != "windows-cut") << name << text(s->warnings);
  }
  if (const char* corpus = std::getenv("INQUEST_WRITE_SEEDS")) {
    testkit::write_seeds(testkit::minidump_seeds(), std::string(corpus) + "/minidump");
  }
}

}  // namespace
}  // namespace inquest::ingest
