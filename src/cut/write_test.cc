// What is written is read again: by our own ingest, and, of the raw layout, by hand.
#include "cut/write.h"

#include <algorithm>
#include <cstdio>
#include <gtest/gtest.h>

#include "ingest/elf_core.h"
#include "ingest/minidump.h"
#include "testkit/elf_seeds.h"
#include "testkit/minidump.h"

namespace inquest::cut {
namespace {

using snapshot::Snapshot;

std::shared_ptr<const MappedFile> mapped(const std::vector<std::byte>& bytes) {
  std::unique_ptr<FILE, int (*)(FILE*)> file{std::tmpfile(), std::fclose};
  std::fwrite(bytes.data(), 1, bytes.size(), file.get());
  std::fflush(file.get());
  return *MappedFile::from_descriptor(fileno(file.get()), "test.dmp");
}

std::vector<AddressRange> everything(const snapshot::Memory& memory) {
  std::vector<AddressRange> all;
  for (const auto& piece : memory.pieces()) all.push_back({piece.begin, piece.end()});
  return all;
}

std::vector<std::byte> written(const Snapshot& snapshot) {
  auto bytes = write_minidump(snapshot, snapshot.memory, everything(snapshot.memory));
  EXPECT_TRUE(bytes) << bytes.error().line();
  return bytes ? *bytes : std::vector<std::byte>{};
}

template <class T>
std::string maybe(const std::optional<T>& value) {
  return value ? fmt::format("{}", *value) : "-";
}

std::string hex(Bytes bytes) {
  std::string text;
  for (std::byte b : bytes) text += fmt::format("{:02x}", static_cast<unsigned>(b));
  return text;
}

std::string threads_text(const Snapshot& s) {
  std::string text;
  for (const auto& thread : s.threads) {
    text += fmt::format("thread {} '{}' crashed {} tls {} signal {}", thread.id, thread.name,
                        thread.crashed, maybe(thread.tls), maybe(thread.signal));
    for (snapshot::Register n = 0; n < snapshot::Registers::kCapacity; ++n) {
      text += " " + maybe(thread.registers.get(n));
    }
    text += "\n";
  }
  if (!s.fault) return text + "no fault\n";
  const auto& fault = *s.fault;
  text +=
      fmt::format("fault of {}: signal {} code {} exception {} address {} by {} {}\n", fault.thread,
                  maybe(fault.signal), maybe(fault.signal_code), maybe(fault.exception),
                  maybe(fault.address), maybe(fault.sender_pid), maybe(fault.sender_uid));
  for (uint64_t value : fault.parameters) text += fmt::format("parameter {:#x}\n", value);
  return text;
}

std::string modules_text(const Snapshot& s) {
  std::string text;
  for (const auto& m : s.modules) {
    text += fmt::format(
        "module {} {}-{} id {} {} stamp {} sum {} bias {:#x} main {} vdso {} deleted {} {}\n",
        m.path, m.range.begin, m.range.end, m.identity.text(),
        s.os == snapshot::Os::windows ? m.identity.debug_file : "", maybe(m.identity.timestamp),
        maybe(m.identity.checksum), m.bias, m.is_main, m.is_vdso, m.deleted, m.version);
  }
  for (const auto& m : s.unloaded) {
    text += fmt::format("unloaded {} {}-{} {} {}\n", m.path, m.range.begin, m.range.end,
                        maybe(m.timestamp), maybe(m.checksum));
  }
  return text;
}

std::string memory_text(const Snapshot& s) {
  std::string text;
  for (const auto& r : s.regions) {
    std::string access = "?";
    if (r.access)
      access = fmt::format("{}{}{}", r.access->read, r.access->write, r.access->execute);
    text +=
        fmt::format("region {}-{} {} '{}' +{} shared {} has {}\n", r.range.begin, r.range.end,
                    access, r.file, r.file_offset ? r.file_offset->value : 0, r.shared, r.recorded);
  }
  // Pieces that touch are one or two, as the writer likes.
  Address end{0};
  for (const auto& piece : s.memory.pieces()) {
    text += piece.begin == end && end.value != 0 ? "" : fmt::format("\nmemory {} ", piece.begin);
    text += hex(piece.bytes);
    end = piece.end();
  }
  return text;
}

std::string rest_text(const Snapshot& s) {
  std::string text =
      fmt::format("{} {} complete {} time {}\n", name(s.os), name(s.arch), s.complete,
                  s.process.time ? s.process.time->time_since_epoch().count() : 0);
  text += fmt::format("pid {} command '{}' arguments '{}' executable '{}'\n", maybe(s.process.pid),
                      s.process.command, s.process.arguments, s.process.executable);
  text += fmt::format("system '{}' '{}' '{}' {}\n", s.system.os_version, s.system.os_detail,
                      s.system.cpu, maybe(s.system.cpu_count));
  for (const auto& [key, value] : s.process.auxv)
    text += fmt::format("auxv {} {:#x}\n", key, value);
  for (const auto& [key, value] : s.annotations) text += fmt::format("note {} = {}\n", key, value);
  for (const auto& h : s.handles) {
    text += fmt::format("handle {} {} {} {}\n", h.value, h.type, h.name, h.granted_access);
  }
  for (const auto& warning : s.warnings) text += "warning " + warning.what + "\n";
  return text;
}

void expect_survives(const std::string& seed, const Snapshot& before) {
  SCOPED_TRACE(seed);
  auto after = ingest::read_minidump(mapped(written(before)));
  ASSERT_TRUE(after) << after.error().line();
  EXPECT_EQ(threads_text(before), threads_text(*after));
  EXPECT_EQ(modules_text(before), modules_text(*after));
  EXPECT_EQ(memory_text(before), memory_text(*after));
  EXPECT_EQ(rest_text(before), rest_text(*after));
  EXPECT_EQ(written(before).size(), written(*after).size());
}

TEST(WriteMinidump, KeepsAllThatAMinidumpSaid) {
  for (const auto& [seed, bytes] : testkit::minidump_seeds()) {
    auto snapshot = ingest::read_minidump(mapped(bytes));
    if (snapshot) expect_survives(seed, *snapshot);
  }
}

TEST(WriteMinidump, KeepsAllThatACoreSaid) {
  for (const auto& [seed, bytes] : testkit::elf_core_seeds()) {
    auto snapshot = ingest::read_elf_core(mapped(bytes));
    if (snapshot) expect_survives(seed, *snapshot);
  }
}

uint64_t number(Bytes bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = size; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

/// Offset of a stream, by the directory as Microsoft documents it.
size_t stream_at(Bytes file, uint32_t type) {
  size_t directory = number(file, 12, 4);
  for (size_t i = 0; i < number(file, 8, 4); ++i) {
    if (number(file, directory + 12 * i, 4) == type) return number(file, directory + 12 * i + 8, 4);
  }
  return 0;
}

Snapshot small_process() {
  Snapshot snapshot;
  snapshot.process.pid = 4711;
  snapshot::Thread thread{.id = 7, .name = "worker", .crashed = true, .tls = 0x7000};
  thread.registers.set(snapshot::x64::rip, 0x401234);
  thread.registers.set(snapshot::x64::rsp, 0x8010);
  thread.registers.set(snapshot::x64::rbx, 0xb0b);
  snapshot.threads.push_back(thread);
  snapshot.fault = {.thread = 7, .signal = 11, .signal_code = 1, .address = Address{0x24}};
  snapshot::Module module{
      .path = "/bin/lobby", .range = {Address{0x400000}, Address{0x402000}}, .is_main = true};
  module.identity.build_id = {std::byte{0xab}, std::byte{0xcd}};
  snapshot.modules.push_back(module);
  static const std::string stack(0x100, 's');
  snapshot.memory.add(Address{0x8000}, std::as_bytes(std::span(stack)), snapshot::Origin::dump,
                      nullptr);
  return snapshot;
}

TEST(WriteMinidump, LaysItOutAsDocumented) {
  std::vector<std::byte> file = written(small_process());
  EXPECT_EQ(number(file, 0, 4), 0x504d444du);  // "MDMP"
  EXPECT_EQ(number(file, 4, 2), 0xa793u);
  EXPECT_EQ(number(file, 12, 4), 32u);  // the directory survives a cut transfer

  size_t system = stream_at(file, 7);
  EXPECT_EQ(number(file, system, 2), 9u);            // AMD64
  EXPECT_EQ(number(file, system + 20, 4), 0x8201u);  // Breakpad's Linux

  size_t threads = stream_at(file, 3);
  EXPECT_EQ(number(file, threads, 4), 1u);
  EXPECT_EQ(number(file, threads + 4, 4), 7u);
  EXPECT_EQ(number(file, threads + 4 + 16, 8), 0x7000u);  // TEB
  EXPECT_EQ(number(file, threads + 4 + 24, 8), 0x8000u);  // the stack's first byte
  EXPECT_EQ(number(file, threads + 4 + 32, 4), 0x100u);
  size_t stack = number(file, threads + 4 + 36, 4);
  EXPECT_EQ(number(file, stack, 1), 's');
  EXPECT_EQ(number(file, threads + 4 + 40, 4), 1232u);  // sizeof(CONTEXT)
  size_t context = number(file, threads + 4 + 44, 4);
  EXPECT_EQ(number(file, context + 0x30, 4), 0x100003u);
  EXPECT_EQ(number(file, context + 0xf8, 8), 0x401234u);  // Rip
  EXPECT_EQ(number(file, context + 0x98, 8), 0x8010u);    // Rsp
  EXPECT_EQ(number(file, context + 0x90, 8), 0xb0bu);     // Rbx

  size_t exception = stream_at(file, 6);
  EXPECT_EQ(number(file, exception, 4), 7u);
  EXPECT_EQ(number(file, exception + 8, 4), 11u);     // the signal
  EXPECT_EQ(number(file, exception + 12, 4), 1u);     // its si_code
  EXPECT_EQ(number(file, exception + 24, 8), 0x24u);  // si_addr
  EXPECT_EQ(number(file, exception + 164, 4), context);

  size_t modules = stream_at(file, 4);
  EXPECT_EQ(number(file, modules + 4, 8), 0x400000u);
  EXPECT_EQ(number(file, modules + 12, 4), 0x2000u);
  size_t codeview = number(file, modules + 4 + 80, 4);
  EXPECT_EQ(number(file, codeview, 4), 0x4270454cu);  // Breakpad's mark of a build id
  EXPECT_EQ(number(file, codeview + 4, 2), 0xcdabu);

  size_t memory = stream_at(file, 5);
  EXPECT_EQ(number(file, memory, 4), 1u);
  EXPECT_EQ(number(file, memory + 16, 4), stack);
}

TEST(WriteMinidump, IsReadAfterItLostItsEnd) {
  std::vector<std::byte> file = written(small_process());
  file.resize(file.size() - 0x80);
  auto snapshot = ingest::read_minidump(mapped(file));
  ASSERT_TRUE(snapshot) << snapshot.error().line();
  EXPECT_FALSE(snapshot->complete);
  EXPECT_EQ(snapshot->threads.size(), 1u);
  EXPECT_EQ(snapshot->threads[0].registers.pc(), Address{0x401234});
  EXPECT_EQ(snapshot->fault->address, Address{0x24});
}

TEST(WriteMinidump, KeepsTextsOfAnyKind) {
  Snapshot before = small_process();
  before.threads[0].name = "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x9b";
  before.annotations["bad"] = "\xff not UTF-8";
  before.fault->signal_code.reset();
  before.fault->address.reset();
  auto after = ingest::read_minidump(mapped(written(before)));
  ASSERT_TRUE(after);
  EXPECT_EQ(after->threads[0].name, before.threads[0].name);
  EXPECT_EQ(after->annotations.at("bad"), "\xef\xbf\xbd not UTF-8");
  EXPECT_FALSE(after->fault->signal_code);
  EXPECT_FALSE(after->fault->address) << "no address is not address 0";
}

}  // namespace
}  // namespace inquest::cut
