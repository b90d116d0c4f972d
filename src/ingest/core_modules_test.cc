#include <cstdio>
#include <elf.h>
#include <gtest/gtest.h>

#include "ingest/elf_core.h"
#include "testkit/elf_core.h"

namespace inquest::ingest {
namespace {

using snapshot::Snapshot;
using testkit::ByteBuilder;
using testkit::CoreBuilder;
using testkit::ElfArch;
using testkit::ElfBuilder;

Snapshot read(const CoreBuilder& builder) {
  auto core = builder.build();
  std::unique_ptr<FILE, int (*)(FILE*)> file{std::tmpfile(), std::fclose};
  std::fwrite(core.data(), 1, core.size(), file.get());
  std::fflush(file.get());
  auto mapped = MappedFile::from_descriptor(fileno(file.get()), "core.test");
  auto snapshot = read_elf_core(*mapped);
  EXPECT_TRUE(snapshot) << (snapshot ? "" : snapshot.error().line());
  return snapshot ? std::move(*snapshot) : Snapshot{};
}

std::vector<std::byte> id(char first) { return std::vector<std::byte>(20, std::byte(first)); }

/// An image with a build id; `base` is its p_vaddr.
std::vector<std::byte> image(ElfArch arch, char first, uint16_t type = ET_DYN, uint64_t base = 0) {
  ElfBuilder builder(arch, type, base);
  builder.add_build_id(id(first));
  return builder.build(false);
}

class EveryArch : public testing::TestWithParam<ElfArch> {};
INSTANTIATE_TEST_SUITE_P(CoreModules, EveryArch,
                         testing::Values(ElfArch::x64, ElfArch::arm64, ElfArch::x86, ElfArch::arm));

TEST_P(EveryArch, FindsImagesByTheirHeadersInMemory) {
  CoreBuilder builder(GetParam());
  builder.thread({.id = 5}).process(5, "x", "x");
  builder.auxv({{AT_PHDR, 0x400040}, {AT_ENTRY, 0x400400}, {AT_SYSINFO_EHDR, 0x70000000}});
  builder.files({{0x400000, 0x401000, 0, "/opt/lobby"},
                 {0x50000000, 0x50001000, 0, "/lib/a.so (deleted)"},
                 {0x60000000, 0x60001000, 0, "/lib/b.so"}});
  builder.memory(0x400000, image(GetParam(), 'm', ET_EXEC, 0x400000), 5, 0x1000);
  builder.memory(0x50000000, image(GetParam(), 'a'), 5, 0x1000);
  builder.memory(0x60000000, image(GetParam(), 'b', ET_DYN, 0x10000), 5, 0x1000);
  builder.memory(0x70000000, image(GetParam(), 'v'), 5, 0x1000);
  Snapshot snapshot = read(builder);
  ASSERT_EQ(snapshot.modules.size(), 4u);
  const auto& m = snapshot.modules;
  EXPECT_EQ(m[0].path, "/opt/lobby");
  EXPECT_TRUE(m[0].is_main);
  EXPECT_EQ(m[0].bias, 0u);
  EXPECT_EQ(m[0].identity.build_id, id('m'));
  EXPECT_EQ(snapshot.process.executable, "/opt/lobby");
  EXPECT_EQ(m[1].path, "/lib/a.so");
  EXPECT_TRUE(m[1].deleted);
  EXPECT_EQ(m[1].bias, 0x50000000u);
  EXPECT_EQ(m[1].range, (AddressRange{Address{0x50000000}, Address{0x50001000}}));
  EXPECT_EQ(m[2].bias, 0x60000000u - 0x10000) << "a prelinked library";
  EXPECT_EQ(m[2].range.begin.value, 0x60000000u);
  EXPECT_TRUE(m[3].is_vdso);
  EXPECT_EQ(m[3].path, "[vdso]");
  EXPECT_EQ(snapshot.region_at(Address{0x70000000})->file, "[vdso]");
}

TEST(CoreModules, AFileThatIsOnlyReadIsNoModule) {
  CoreBuilder builder(ElfArch::x64);
  builder.thread({.id = 5}).process(5, "x", "x");
  builder.files({{0x400000, 0x401000, 0, "/lib/read.so"},
                 {0x500000, 0x501000, 0, "/usr/lib/locale"},
                 {0x600000, 0x601000, 0, "/bin/fixed"}});
  builder.memory(0x400000, image(ElfArch::x64, 'r'), 4, 0x1000);
  builder.memory(0x500000, std::vector<std::byte>(16), 4, 0x1000);
  builder.memory(0x600000, image(ElfArch::x64, 'f', ET_EXEC, 0x400000), 4, 0x1000);
  EXPECT_TRUE(read(builder).modules.empty());
}

TEST(CoreModules, GuessesTheBiasWithoutHeaders) {
  CoreBuilder builder(ElfArch::x64);
  builder.thread({.id = 5}).process(5, "x", "x");
  builder.auxv({{AT_ENTRY, 0x401400}});
  builder.files({{0x400000, 0x401000, 0, "/opt/fixed"},
                 {0x401000, 0x402000, 1, "/opt/fixed"},
                 {0x7f0000000000, 0x7f0000001000, 0, "/lib/a.so"},
                 {0x7f0000001000, 0x7f0000002000, 1, "/lib/a.so"},
                 {0x7f0000010000, 0x7f0000011000, 0, "/lib/a.so"},
                 {0x7f0000011000, 0x7f0000012000, 1, "/lib/a.so"}});
  for (uint64_t base : {0x400000ull, 0x7f0000000000ull, 0x7f0000010000ull}) {
    builder.memory(base, {}, 4, 0x1000).memory(base + 0x1000, {}, 5, 0x1000);
  }
  Snapshot snapshot = read(builder);
  ASSERT_EQ(snapshot.modules.size(), 3u);
  EXPECT_EQ(snapshot.modules[0].bias, 0u);
  EXPECT_TRUE(snapshot.modules[0].is_main);
  EXPECT_EQ(snapshot.modules[1].bias, 0x7f0000000000u);
  EXPECT_EQ(snapshot.modules[1].range.size(), 0x2000u);
  EXPECT_EQ(snapshot.modules[2].bias, 0x7f0000010000u) << "loaded twice";
}

/// The linker's list, as <link.h> lays it out, at 0x20000000.
template <class Put>
std::vector<std::byte> linker_memory(unsigned word, Put put) {
  ByteBuilder out;
  const uint64_t base = 0x20000000;
  // r_debug: version, map
  put(out, 1);
  put(out, base + 0x40);
  out.zeros(0x40 - out.size());
  // The executable, then a library, which points back at itself.
  for (int i = 0; i < 2; ++i) {
    uint64_t at = base + 0x40 + i * 0x40;
    put(out, i == 0 ? 0x400000 : 0x50000000);        // l_addr
    put(out, i == 0 ? base + 0x100 : base + 0x101);  // l_name
    put(out, i == 0 ? 0x400800 : 0x50000800);        // l_ld
    put(out, i == 0 ? at + 0x40 : at);               // l_next
    put(out, 0);
    out.zeros(0x40 - 5 * word);
  }
  out.zeros(0x100 - out.size());
  out.u8(0).c_string("/lib/linked.so");
  return out.take();
}

TEST_P(EveryArch, FollowsTheLinkersList) {
  ElfArch arch = GetParam();
  auto put = [&](ByteBuilder& out, uint64_t value) { put_elf_word(out, arch, value); };
  unsigned word = testkit::elf_word(arch);
  ElfBuilder program(arch);
  program.add_segment({.type = PT_PHDR, .vaddr = word == 8 ? 64u : 52u});
  auto dynamic = program.add_dynamic({{DT_NEEDED, 1}, {DT_DEBUG, 0x20000000}});
  (void)dynamic;
  CoreBuilder builder(arch);
  builder.thread({.id = 5}).process(5, "x", "x");
  builder.auxv({{AT_PHDR, 0x400000 + (word == 8 ? 64 : 52)}, {AT_PHNUM, 4}});
  // No NT_FILE: an older gdb's core. The library's header was not recorded.
  builder.memory(0x400000, program.build(false), 5, 0x1000);
  builder.memory(0x20000000, linker_memory(word, put), 6);
  builder.memory(0x50000000, {}, 5, 0x1000);
  Snapshot snapshot = read(builder);
  ASSERT_EQ(snapshot.modules.size(), 2u);
  EXPECT_EQ(snapshot.modules[0].bias, 0x400000u);
  EXPECT_TRUE(snapshot.modules[0].is_main);
  EXPECT_EQ(snapshot.modules[1].path, "/lib/linked.so");
  EXPECT_EQ(snapshot.modules[1].bias, 0x50000000u);
}

TEST(CoreModules, StaysDisjointUnderDamage) {
  auto huge = image(ElfArch::x64, 'h');
  // p_memsz of its PT_LOAD, at 0x40 + 0x28.
  for (int i = 0; i < 6; ++i) huge[0x68 + i] = std::byte{0xff};
  CoreBuilder builder(ElfArch::x64);
  builder.thread({.id = 5});
  builder.memory(0x10000, huge, 5, 0x1000);
  builder.memory(0x20000, image(ElfArch::x64, 'a'), 5, 0x1000);
  Snapshot snapshot = read(builder);
  ASSERT_EQ(snapshot.modules.size(), 2u);
  EXPECT_LE(snapshot.modules[0].range.end, snapshot.modules[1].range.begin);
}

TEST(CoreModules, NamesRegions) {
  CoreBuilder builder(ElfArch::x64);
  std::vector<uint64_t> main_registers(27), other_registers(27);
  main_registers[19] = 0x7ffe00000100;   // rsp
  other_registers[21] = 0x7f0000007fc0;  // fs_base
  builder.thread({.id = 6, .registers = other_registers}).process(5, "x", "x");
  builder.thread({.id = 5, .registers = main_registers});
  builder.auxv({{AT_PHDR, 0x400040}, {AT_SYSINFO_EHDR, 0x7fff00002000}});
  builder.memory(0x400000, image(ElfArch::x64, 'm', ET_EXEC, 0x400000), 5, 0x1000);
  builder.memory(0x1000000, {}, 6, 0x21000);
  builder.memory(0x7f0000000000, {}, 6, 0x8000);
  builder.memory(0x7ffe00000000, {}, 6, 0x1000);
  builder.memory(0x7fff00001000, {}, 4, 0x1000);
  builder.memory(0x7fff00002000, image(ElfArch::x64, 'v'), 5, 0x1000);
  Snapshot snapshot = read(builder);
  std::vector<std::string> names;
  for (const auto& region : snapshot.regions) names.push_back(region.file);
  EXPECT_EQ(names,
            (std::vector<std::string>{"", "[heap]", "[stack:6]", "[stack]", "[vvar]", "[vdso]"}));
}

}  // namespace
}  // namespace inquest::ingest
