#include "format/minidump/dump.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "testkit/minidump.h"

namespace inquest::minidump {
namespace {

using testkit::ByteBuilder;
using testkit::MinidumpBuilder;

std::string text(const std::vector<Warning>& warnings) {
  std::string all;
  for (const Warning& warning : warnings) all += warning.what + "\n";
  return all;
}

/// Keeps the bytes that the Dump borrows.
struct Parsed {
  std::vector<std::byte> bytes;
  Dump dump;
};

Parsed parsed(std::vector<std::byte> bytes) {
  Parsed out{.bytes = std::move(bytes)};
  auto dump = parse(out.bytes, "test.dmp");
  EXPECT_TRUE(dump) << dump.error().line();
  if (dump) out.dump = std::move(*dump);
  return out;
}

std::vector<std::byte> bytes_of(std::string_view text) {
  auto raw = std::as_bytes(std::span(text.data(), text.size()));
  return {raw.begin(), raw.end()};
}

TEST(Minidump, ReadsEveryStreamOfWindows) {
  auto [bytes, dump] = parsed(testkit::minidump_seeds().at("windows-x64"));
  EXPECT_TRUE(dump.complete);
  EXPECT_EQ(text(dump.warnings), "");
  EXPECT_EQ(dump.timestamp, 1700000000u);
  EXPECT_EQ(dump.flags, 0x21u);

  ASSERT_TRUE(dump.system);
  EXPECT_EQ(dump.system->build, 19045u);
  EXPECT_EQ(dump.system->service_pack, "Service Pack 1");
  EXPECT_EQ(dump.system->vendor, "GenuineIntel");
  ASSERT_TRUE(dump.misc);
  EXPECT_EQ(dump.misc->process_id, 4711u);
  EXPECT_EQ(dump.misc->create_time, 1600000000u);
  EXPECT_EQ(dump.misc->processor_mhz, 3000u);
  EXPECT_EQ(dump.misc->integrity_level, 0x2000u);
  EXPECT_EQ(dump.misc->time_zone_bias, 60);
  EXPECT_EQ(dump.misc->build, "19041.1.amd64fre");
  EXPECT_EQ(dump.misc->debug_build, "dbgcore.amd64");

  ASSERT_TRUE(dump.exception);
  EXPECT_EQ(dump.exception->code, 0xc0000005u);
  EXPECT_EQ(dump.exception->parameters, (std::vector<uint64_t>{1, 0x24}));
  EXPECT_EQ(dump.exception->context.size(), 1232u);
  ASSERT_EQ(dump.threads.size(), 2u);
  EXPECT_EQ(dump.threads[0].teb, 0x300000u);
  EXPECT_EQ(dump.threads[0].stack.address, 0x200000u);
  EXPECT_EQ(dump.threads[0].stack.bytes.size(), 64u);
  EXPECT_EQ(dump.threads[1].context.size(), 1232u + 64);
  ASSERT_EQ(dump.thread_names.size(), 1u);
  EXPECT_EQ(dump.thread_names[0].name, "worker");

  ASSERT_EQ(dump.modules.size(), 2u);
  EXPECT_EQ(dump.modules[0].path, "C:\\app\\lobby.exe");
  EXPECT_EQ(dump.modules[0].version, (std::array<uint16_t, 4>{10, 0, 19042, 1}));
  EXPECT_EQ(dump.modules[0].codeview.kind, CodeView::Kind::pdb70);
  EXPECT_EQ(dump.modules[0].codeview.guid[1], '1');
  EXPECT_EQ(dump.modules[0].codeview.file, "C:\\b\\lobby.pdb");
  EXPECT_EQ(dump.modules[1].codeview.kind, CodeView::Kind::pdb20);
  EXPECT_EQ(dump.modules[1].codeview.timestamp, 0x1234u);
  EXPECT_FALSE(dump.modules[1].version);
  ASSERT_EQ(dump.unloaded.size(), 1u);
  EXPECT_EQ(dump.unloaded[0].path, "gone.dll");

  ASSERT_EQ(dump.memory.size(), 4u);
  EXPECT_EQ(dump.memory[0].bytes[0], std::byte{1});
  EXPECT_EQ(dump.memory[2].address, 0x401000u);
  EXPECT_EQ(dump.memory[2].bytes[15], std::byte{0x90});
  EXPECT_EQ(dump.memory[3].bytes.size(), 8u);
  EXPECT_EQ(dump.memory[3].bytes[0], std::byte{7});
  ASSERT_EQ(dump.memory_infos.size(), 3u);
  EXPECT_EQ(dump.memory_infos[1].protect, 0x104u);

  ASSERT_EQ(dump.handles.size(), 2u);
  EXPECT_EQ(dump.handles[0].type, "Mutant");
  EXPECT_EQ(dump.handles[0].name, "\\Sessions\\lock");
  EXPECT_EQ(dump.handles[1].name, "");
  EXPECT_EQ(dump.comments, (std::vector<std::string>{"left by hand"}));
  ASSERT_TRUE(dump.assertion);
  EXPECT_EQ(dump.assertion->expression, "p != 0");
  EXPECT_EQ(dump.assertion->line, 12u);
}

TEST(Minidump, ReadsCrashpadsAnnotations) {
  auto [bytes, dump] = parsed(testkit::minidump_seeds().at("windows-x64"));
  ASSERT_TRUE(dump.crashpad);
  EXPECT_EQ(dump.crashpad->report_id, "04030201-0605-0807-090a-0b0c0d0e0f10");
  EXPECT_EQ(dump.crashpad->client_id, "");
  EXPECT_EQ(dump.crashpad->annotations[0], (std::pair<std::string, std::string>{"prod", "lobby"}));
  ASSERT_EQ(dump.crashpad->modules.size(), 1u);
  const CrashpadModule& module = dump.crashpad->modules[0];
  EXPECT_EQ(module.list, (std::vector<std::string>{"one"}));
  ASSERT_EQ(module.annotations.size(), 2u);
  EXPECT_EQ(module.annotations[0].second, "v");
  EXPECT_EQ(module.annotations[1].second, "w");
}

TEST(Minidump, ReadsTheStreamsOfLinux) {
  auto [bytes, dump] = parsed(testkit::minidump_seeds().at("linux-x64"));
  EXPECT_EQ(text(dump.warnings), "");
  EXPECT_EQ(dump.linux_files.status, "Name:\tlobby\nPid:\t7\n");
  EXPECT_EQ(dump.linux_files.command_line.size(), 14u);
  EXPECT_EQ(dump.linux_files.auxv.size(), 48u);
  ASSERT_EQ(dump.linux_files.linked.size(), 1u);
  EXPECT_EQ(dump.linux_files.linked[0].bias, 0x7f0000000000u);
  EXPECT_EQ(dump.linux_files.linked[0].dynamic, 0x7f0000003010u);
  EXPECT_EQ(dump.modules[0].codeview.kind, CodeView::Kind::build_id);
  EXPECT_EQ(dump.modules[0].codeview.build_id.size(), 20u);
}

TEST(Minidump, ReadsTheLoadersListInItsThreeShapes) {
  MinidumpBuilder narrow;
  ByteBuilder map32;
  map32.u32(0x1000).u32(narrow.put_string("/lib/a.so")).u32(0x2000);
  ByteBuilder debug32;
  debug32.u32(1).u32(narrow.put(map32.view())).u32(1).u32(0).u32(0).u32(0);
  narrow.system({.processor = 0, .platform = 0x8201}).stream(0x4767000a, debug32.view());
  auto a = parsed(narrow.build());
  ASSERT_EQ(a.dump.linux_files.linked.size(), 1u);
  EXPECT_EQ(a.dump.linux_files.linked[0].name, "/lib/a.so");
  EXPECT_EQ(a.dump.linux_files.linked[0].dynamic, 0x2000u);

  // Packed to 20 bytes, told by the name that follows the last record.
  MinidumpBuilder packed;
  ByteBuilder map64;
  uint32_t at = packed.put({});
  map64.u64(0x7f0000000000).u32(at + 20).u64(0x7f0000002000);
  map64.u32(18).text(std::string_view("/\0l\0i\0b\0/\0b\0.\0s\0o\0\0\0", 20));
  EXPECT_EQ(packed.put(map64.view()), at);
  ByteBuilder debug64;
  debug64.u32(1).u32(at).u32(1).u64(0).u64(0).u64(0);
  packed.stream(0x4767000a, debug64.view());
  auto b = parsed(packed.build());
  ASSERT_EQ(b.dump.linux_files.linked.size(), 1u);
  EXPECT_EQ(b.dump.linux_files.linked[0].name, "/lib/b.so");
  EXPECT_EQ(b.dump.linux_files.linked[0].dynamic, 0x7f0000002000u);
}

TEST(Minidump, ReadsWhatThreadsExTimesAndTablesSay) {
  MinidumpBuilder builder;
  ByteBuilder ex;
  ex.u32(1).u32(9).u32(0).u32(0).u32(0).u64(0x1000).u64(0).u32(0).u32(0).u32(0).u32(0).zeros(16);
  ByteBuilder infos;
  infos.u32(12).u32(64).u32(1).u32(9).u32(1).u32(0).u32(3).u64(10).u64(11).u64(12).u64(13);
  infos.u64(0x401000).u64(1);
  ByteBuilder tables;
  tables.u32(24).u32(32).u32(8).u32(12).u32(1).u32(0);
  tables.u64(0x1000).u64(0x2000).u64(0x1000).u32(2).u32(0).zeros(8 + 24);
  ByteBuilder counters;
  counters.u16(2).u16(0x1f).u32(480).u64(5).u64(4).zeros(32).u64(6).u64(7).u64(8).u64(9).u64(10);
  ByteBuilder breakpad;
  breakpad.u32(3).u32(5).u32(6);
  builder.stream(8, ex.view()).stream(17, infos.view()).stream(13, tables.view());
  builder.stream(22, counters.view()).stream(0x47670001, breakpad.view());
  builder.stream(11, std::string_view("h\0i\0\0\0", 6));
  auto [bytes, dump] = parsed(builder.build());
  EXPECT_EQ(text(dump.warnings), "");
  ASSERT_EQ(dump.threads.size(), 1u);
  EXPECT_EQ(dump.threads[0].id, 9u);
  ASSERT_EQ(dump.thread_infos.size(), 1u);
  EXPECT_EQ(dump.thread_infos[0].start_address, 0x401000u);
  EXPECT_EQ(dump.thread_infos[0].exit_status, 3u);
  EXPECT_EQ(dump.thread_infos[0].user_time, 13u);
  ASSERT_EQ(dump.function_tables.size(), 1u);
  EXPECT_EQ(dump.function_tables[0].entries.size(), 24u);
  ASSERT_TRUE(dump.vm_counters);
  EXPECT_EQ(dump.vm_counters->working_set, 4u);
  EXPECT_EQ(dump.vm_counters->virtual_size, 9u);
  EXPECT_EQ(dump.vm_counters->private_usage, 10u);
  EXPECT_EQ(dump.breakpad->requesting_thread, 6u);
  EXPECT_EQ(dump.comments, (std::vector<std::string>{"hi"}));
}

TEST(Minidump, ListsStreamsItDoesNotKnow) {
  MinidumpBuilder builder;
  builder.comment("x").stream(0x12345678, "??").stream(19, "token");
  auto [bytes, dump] = parsed(builder.build());
  EXPECT_TRUE(dump.complete);
  ASSERT_EQ(dump.streams.size(), 3u);
  EXPECT_EQ(dump.streams[1].type, 0x12345678u);
  EXPECT_EQ(dump.streams[1].name, "");
  EXPECT_EQ(dump.streams[2].name, "Token");
  EXPECT_FALSE(dump.streams[2].is_read);
  EXPECT_TRUE(dump.streams[0].is_read);
}

TEST(Minidump, AcceptsPaddedLists) {
  MinidumpBuilder builder;
  ByteBuilder list;
  list.u32(1).u32(0).u64(0x1000).u32(4).u32(32);  // the count is padded to 8 bytes
  builder.stream(5, list.view());
  auto [bytes, dump] = parsed(builder.build());
  EXPECT_TRUE(dump.complete);
  ASSERT_EQ(dump.memory.size(), 1u);
  EXPECT_EQ(dump.memory[0].address, 0x1000u);
}

TEST(Minidump, RefusesWhatIsNone) {
  auto line = [](std::vector<std::byte> bytes) {
    auto dump = parse(bytes, "x.dmp");
    return dump ? "" : dump.error().line();
  };
  EXPECT_NE(line(bytes_of("MDMP")).find("is cut after 4 bytes"), std::string::npos);
  EXPECT_NE(line(std::vector<std::byte>(64)).find("is not a minidump"), std::string::npos);
  EXPECT_NE(line(MinidumpBuilder().build()).find("has no streams"), std::string::npos);
  auto far = testkit::minidump_seeds().at("windows-x64");
  far[14] = std::byte{0xff};  // the directory lies behind the end
  EXPECT_NE(line(far).find("has no streams"), std::string::npos);
}

TEST(Minidump, CutsClaimsToWhatIsThere) {
  MinidumpBuilder builder;
  ByteBuilder threads;
  threads.u32(0xffffffff).zeros(48);
  ByteBuilder ranges;
  ranges.u64(UINT64_MAX).u64(0xffffff00).u64(0x1000).u64(UINT64_MAX).u64(0x2000).u64(UINT64_MAX);
  ByteBuilder infos;
  infos.u32(16).u32(0).u64(1);  // entries of no size
  ByteBuilder handles;
  handles.u32(0xffffff).u32(32).u32(1).u32(0);
  builder.stream(3, threads.view()).stream(9, ranges.view());
  builder.stream(16, infos.view()).stream(12, handles.view());
  auto [bytes, dump] = parsed(builder.build());
  EXPECT_FALSE(dump.complete);
  EXPECT_EQ(dump.threads.size(), 1u);
  ASSERT_EQ(dump.memory.size(), 2u);
  EXPECT_TRUE(dump.memory[0].bytes.empty());
  EXPECT_TRUE(dump.memory_infos.empty());
  EXPECT_TRUE(dump.handles.empty());
  std::string all = text(dump.warnings);
  EXPECT_NE(all.find("stream ThreadList claims 4294967295 entries of 48 bytes; 1 are read"),
            std::string::npos)
      << all;
  EXPECT_NE(all.find("stream Memory64List claims"), std::string::npos) << all;
  EXPECT_NE(all.find("stream MemoryInfoList has a header that makes no sense"), std::string::npos);
  EXPECT_NE(all.find("stream HandleData has a header that makes no sense"), std::string::npos);
}

TEST(Minidump, SaysWhatIsOutsideTheFile) {
  MinidumpBuilder builder;
  ByteBuilder modules;
  modules.u32(1).u64(0x400000).u32(0x1000).u32(0).u32(0).u32(0xfffffff0).zeros(52);
  modules.u32(40).u32(0xfffffff0).zeros(24);
  ByteBuilder exception;
  exception.u32(1).u32(0).u32(0xc0000005).u32(0).u64(0).u64(0).u32(99).u32(0).zeros(120);
  exception.u32(1232).u32(0xfffffff0);
  builder.stream(4, modules.view()).stream(6, exception.view());
  auto [bytes, dump] = parsed(builder.build());
  EXPECT_FALSE(dump.complete);
  ASSERT_EQ(dump.modules.size(), 1u);
  EXPECT_EQ(dump.modules[0].codeview.kind, CodeView::Kind::none);
  ASSERT_TRUE(dump.exception);
  EXPECT_TRUE(dump.exception->context.empty());
  EXPECT_TRUE(dump.exception->parameters.empty());
  std::string all = text(dump.warnings);
  EXPECT_NE(all.find("stream ModuleList has 1 record that lie"), std::string::npos) << all;
  EXPECT_NE(all.find("stream ModuleList has 1 name that lie"), std::string::npos) << all;
  EXPECT_NE(all.find("claims 99 parameters"), std::string::npos) << all;
}

TEST(Minidump, ReadsTheFirstOfRepeatedStreams) {
  MinidumpBuilder builder;
  builder.comment("first").comment("second");
  auto [bytes, dump] = parsed(builder.build());
  EXPECT_EQ(dump.comments, (std::vector<std::string>{"first"}));
  EXPECT_NE(text(dump.warnings).find("more than one CommentA stream"), std::string::npos);
}

TEST(Minidump, FindsTheDirectoryInItsUsualPlace) {
  ByteBuilder file;
  file.text("MDMP").u32(0xa793).u32(2).u32(0x7fffffff).zeros(16);
  file.u32(10).u32(6).u32(56).u32(0).zeros(8).text("hello").u8(0);
  auto [bytes, dump] = parsed(file.take());
  EXPECT_EQ(dump.comments, (std::vector<std::string>{"hello"}));
  EXPECT_FALSE(dump.complete);
  EXPECT_NE(text(dump.warnings).find("it was found behind the header"), std::string::npos);
}

TEST(Minidump, WarnsOfStreamsThatOverlap) {
  MinidumpBuilder builder;
  builder.comment("some text").stream(19, "token");
  auto bytes = builder.build();
  // The second entry of the directory, at the end of the file, is moved into the first.
  size_t entry = bytes.size() - 12;
  for (size_t i = 0; i < 4; ++i) bytes[entry + 8 + i] = bytes[entry - 4 + i];
  auto parsed_dump = parsed(bytes);
  EXPECT_FALSE(parsed_dump.dump.complete);
  EXPECT_NE(text(parsed_dump.dump.warnings).find("streams CommentA and Token overlap"),
            std::string::npos)
      << text(parsed_dump.dump.warnings);
  EXPECT_EQ(parsed_dump.dump.comments.size(), 1u);
}

TEST(Minidump, GivesUpOnRepeatedTextQuickly) {
  MinidumpBuilder builder;
  uint32_t name = builder.put_string(std::string(30000, 'x'));
  ByteBuilder names;
  constexpr uint32_t kMany = 20000;
  names.u32(kMany);
  for (uint32_t i = 0; i < kMany; ++i) names.u32(i).u64(name);
  builder.stream(24, names.view());
  auto [bytes, dump] = parsed(builder.build());
  size_t total = 0;
  for (const ThreadName& one : dump.thread_names) total += one.name.size();
  EXPECT_LT(total, 5u << 20);
  EXPECT_NE(text(dump.warnings).find("more text than a sound dump"), std::string::npos);
}

TEST(Minidump, SurvivesBeingCutAnywhere) {
  for (const auto& [name, whole] : testkit::minidump_seeds()) {
    for (size_t size = 0; size < whole.size(); size += 7) {
      auto dump = parse(Bytes(whole).first(size), name);
      EXPECT_TRUE(dump || !dump.error().what.empty());
    }
  }
}

}  // namespace
}  // namespace inquest::minidump
