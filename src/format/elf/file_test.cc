#include "format/elf/file.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "testkit/elf.h"

namespace inquest::elf {
namespace {

using testkit::ByteBuilder;
using testkit::ElfArch;
using testkit::ElfBuilder;

std::vector<std::byte> bytes_of(std::string_view text) {
  auto raw = std::as_bytes(std::span(text.data(), text.size()));
  return {raw.begin(), raw.end()};
}

std::shared_ptr<const File> parse(std::vector<std::byte> bytes) {
  auto owner = std::make_shared<std::vector<std::byte>>(std::move(bytes));
  auto file = File::parse(*owner, owner, "built");
  EXPECT_TRUE(file) << (file ? "" : file.error().line());
  return file ? *file : nullptr;
}

class EveryArch : public testing::TestWithParam<ElfArch> {};
INSTANTIATE_TEST_SUITE_P(ElfFile, EveryArch,
                         testing::Values(ElfArch::x64, ElfArch::arm64, ElfArch::x86, ElfArch::arm));

TEST_P(EveryArch, ReadsHeadersSectionsAndSegments) {
  ElfBuilder builder(GetParam(), ET_DYN, 0x10000);
  builder.set_entry(0x10420);
  auto text = builder.add_section({.name = ".text", .flags = 6, .data = bytes_of("code")});
  auto file = parse(builder.build());
  ASSERT_TRUE(file);
  EXPECT_EQ(file->is_64(), elf_word(GetParam()) == 8);
  EXPECT_EQ(file->machine(), elf_machine(GetParam()));
  EXPECT_EQ(file->type(), ET_DYN);
  EXPECT_EQ(file->entry(), 0x10420u);
  EXPECT_EQ(file->load_base(), 0x10000u);
  EXPECT_TRUE(file->damage().empty());
  ASSERT_EQ(file->segments().size(), 1u);
  EXPECT_EQ(file->segments()[0].type, uint32_t{PT_LOAD});
  EXPECT_EQ(file->segments()[0].flags, uint32_t{PF_R | PF_X});
  const Section* section = file->section(".text");
  ASSERT_TRUE(section);
  EXPECT_EQ(section->address, text.address);
  EXPECT_EQ(file->section_data(".text").size(), 4u);
  EXPECT_EQ(static_cast<char>(file->at_vaddr(text.address + 1)[0]), 'o');
  EXPECT_TRUE(file->at_vaddr(0xfff0).empty());
  EXPECT_FALSE(file->section(".data"));
}

TEST_P(EveryArch, ReadsSymbolsOfBothTables) {
  ElfBuilder builder(GetParam());
  builder.add_section({.name = ".text"});
  builder.add_symbols({{.name = "_ZN4game5GuildE", .value = 0x1234, .size = 0x56},
                       {.name = "memcpy@@GLIBC_2.14", .value = 0x2000}});
  builder.add_symbols({{.name = "exported", .value = 0x3000, .size = 4, .info = 0x21}}, true);
  auto file = parse(builder.build());
  ASSERT_TRUE(file);
  auto symbols = file->symbols(SHT_SYMTAB);
  ASSERT_EQ(symbols.size(), 2u);
  EXPECT_EQ(symbols[0].name, "_ZN4game5GuildE");
  EXPECT_EQ(symbols[0].value, 0x1234u);
  EXPECT_EQ(symbols[0].size, 0x56u);
  EXPECT_EQ(symbols[0].type, STT_FUNC);
  EXPECT_EQ(symbols[0].binding, STB_GLOBAL);
  EXPECT_EQ(symbols[1].name, "memcpy");
  auto dynamic = file->symbols(SHT_DYNSYM);
  ASSERT_EQ(dynamic.size(), 1u);
  EXPECT_EQ(dynamic[0].type, STT_OBJECT);
  EXPECT_EQ(dynamic[0].binding, STB_WEAK);
}

TEST_P(EveryArch, FindsDynamicSymbolsWithoutSections) {
  for (bool gnu : {false, true}) {
    ElfBuilder builder(GetParam());
    auto table =
        builder.add_symbols({{.name = "one", .value = 1}, {.name = "two", .value = 2}}, true);
    uint64_t strings = table.address;
    // .dynstr was placed right before .dynsym.
    strings -= 8 + 8;
    ByteBuilder hash;
    if (gnu) {
      hash.u32(1).u32(1).u32(1).u32(0);              // buckets, first, bloom words, shift
      put_elf_word(hash, GetParam(), ~uint64_t{0});  // bloom
      hash.u32(1).u32(0x10).u32(0x21);               // bucket; chain: "one", then the end
    } else {
      hash.u32(1).u32(3).u32(0).u32(0).u32(0).u32(0);
    }
    auto placed = builder.add_section({.name = ".hash", .data = hash.take()});
    builder.add_dynamic({{DT_SYMTAB, table.address},
                         {DT_STRTAB, strings},
                         {DT_STRSZ, 16},
                         {gnu ? uint64_t{DT_GNU_HASH} : uint64_t{DT_HASH}, placed.address}});
    auto file = parse(builder.build(/*with_sections=*/false));
    ASSERT_TRUE(file);
    EXPECT_TRUE(file->sections().empty());
    auto symbols = file->symbols(SHT_DYNSYM);
    ASSERT_EQ(symbols.size(), 2u) << gnu;
    EXPECT_EQ(symbols[0].name, "one");
    EXPECT_EQ(symbols[1].name, "two");
    EXPECT_TRUE(file->symbols(SHT_SYMTAB).empty());
  }
}

TEST(ElfFile, ReadsNotesAndLinks) {
  ElfBuilder builder(ElfArch::x64);
  builder.add_note(".note.ABI-tag", "GNU", 1, bytes_of("abcdefgh"));
  builder.add_build_id(bytes_of("\x01\x02\x03\x04\x05"));
  ByteBuilder link;
  link.c_string("lobby.debug").align(4).u32(0xdeadbeef);
  builder.add_section({.name = ".gnu_debuglink", .flags = 0, .data = link.take()});
  ByteBuilder alt;
  alt.c_string("../.dwz/x").text("\x11\x22");
  builder.add_section({.name = ".gnu_debugaltlink", .flags = 0, .data = alt.take()});
  for (bool with_sections : {true, false}) {
    auto file = parse(builder.build(with_sections));
    ASSERT_TRUE(file);
    auto notes = file->notes();
    ASSERT_EQ(notes.size(), 2u);
    EXPECT_EQ(notes[0].owner, "GNU");
    EXPECT_EQ(notes[0].description.size(), 8u);
    ASSERT_EQ(file->build_id().size(), 5u);
    EXPECT_EQ(static_cast<int>(file->build_id()[4]), 5);
    EXPECT_EQ(file->debug_link().has_value(), with_sections);
    if (!with_sections) continue;
    EXPECT_EQ(file->debug_link()->name, "lobby.debug");
    EXPECT_EQ(file->debug_link()->crc, 0xdeadbeefu);
    ASSERT_TRUE(file->alt_link());
    EXPECT_EQ(file->alt_link()->path, "../.dwz/x");
    EXPECT_EQ(file->alt_link()->build_id.size(), 2u);
  }
}

std::vector<std::byte> compressed(uint32_t type, uint64_t claimed, std::string_view plain) {
  std::vector<unsigned char> packed(plain.size() + 1000);
  size_t size = packed.size();
  if (type == ELFCOMPRESS_ZLIB) {
    uLongf length = size;
    compress(packed.data(), &length, reinterpret_cast<const Bytef*>(plain.data()), plain.size());
    size = length;
  } else {
    size = ZSTD_compress(packed.data(), size, plain.data(), plain.size(), 1);
  }
  ByteBuilder out;
  out.u32(type).u32(0).u64(claimed).u64(1);
  out.bytes(std::as_bytes(std::span(packed.data(), size)));
  return out.take();
}

TEST(ElfFile, UnpacksCompressedSections) {
  std::string plain(5000, 'x');
  for (uint32_t type : {1u, 2u}) {
    ElfBuilder builder(ElfArch::x64);
    builder.add_section({.name = ".debug_info",
                         .flags = SHF_COMPRESSED,
                         .data = compressed(type, plain.size(), plain)});
    auto file = parse(builder.build());
    Bytes data = file->section_data(".debug_info");
    ASSERT_EQ(data.size(), plain.size()) << type;
    EXPECT_EQ(static_cast<char>(data[4999]), 'x');
    EXPECT_EQ(file->section_data(".debug_info").data(), data.data()) << "unpacked once";
  }
}

TEST(ElfFile, UnpacksOldCompressedSections) {
  std::string plain(5000, 'y');
  auto modern = compressed(1, 0, plain);
  ByteBuilder old;
  old.text("ZLIB").u32(0).u8(0).u8(0).u8(5000 >> 8).u8(5000 & 0xff);
  old.bytes(std::span(modern).subspan(24));
  ElfBuilder builder(ElfArch::x64);
  builder.add_section({.name = ".zdebug_str", .flags = 0, .data = old.take()});
  auto file = parse(builder.build());
  ASSERT_TRUE(file->section(".debug_str"));
  EXPECT_EQ(file->section_data(".debug_str").size(), plain.size());
}

TEST(ElfFile, RefusesWrongCompressedSizes) {
  std::string plain(5000, 'x');
  for (uint64_t claimed : {uint64_t{4999}, uint64_t{5001}, uint64_t{1} << 40}) {
    ElfBuilder builder(ElfArch::x64);
    builder.add_section(
        {.name = ".debug_info", .flags = SHF_COMPRESSED, .data = compressed(1, claimed, plain)});
    auto file = parse(builder.build());
    auto data = file->section_data(*file->section(".debug_info"));
    ASSERT_FALSE(data) << claimed;
    EXPECT_EQ(data.error().file, "built");
  }
}

TEST(ElfFile, OpensWhatIsCut) {
  ElfBuilder builder(ElfArch::x64);
  builder.add_build_id(bytes_of("12345678"));
  builder.add_section({.name = ".text", .data = std::vector<std::byte>(100)});
  auto whole = builder.build();
  for (size_t length = 0; length < whole.size(); ++length) {
    std::vector<std::byte> part(whole.begin(), whole.begin() + length);
    auto file = File::parse(part, nullptr, "cut");
    ASSERT_EQ(file.has_value(), length >= 64) << length;
    if (!file) continue;
    EXPECT_FALSE((*file)->damage().empty()) << length;
    (*file)->notes();
    (*file)->symbols(SHT_DYNSYM);
  }
}

TEST(ElfFile, RefusesOthers) {
  EXPECT_FALSE(File::parse(bytes_of("MZ"), nullptr, "x"));
  auto big_endian = ElfBuilder(ElfArch::x64).build();
  big_endian[5] = std::byte{2};
  auto refused = File::parse(big_endian, nullptr, "x");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().line().find("little-endian"), std::string::npos);
}

TEST(ElfFile, ReadsThisProgram) {
  auto file = File::open("/proc/self/exe");
  ASSERT_TRUE(file) << file.error().line();
  EXPECT_EQ((*file)->build_id().size(), 20u);
  EXPECT_FALSE((*file)->symbols(SHT_SYMTAB).empty());
  EXPECT_FALSE((*file)->symbols(SHT_DYNSYM).empty());
  EXPECT_TRUE((*file)->damage().empty());
}

}  // namespace
}  // namespace inquest::elf
