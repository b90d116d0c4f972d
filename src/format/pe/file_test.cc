#include "format/pe/file.h"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>

#include "testkit/pe.h"
#include "testkit/shell.h"

namespace inquest::pe {
namespace {

using testkit::PeBuilder;

std::vector<std::byte> bytes_of(std::string_view text) {
  auto raw = std::as_bytes(std::span(text.data(), text.size()));
  return {raw.begin(), raw.end()};
}

const uint8_t kGuid[16] = {0x78, 0x56, 0x34, 0x12, 0xbc, 0x9a, 0xf0, 0xde, 1, 2, 3, 4, 5, 6, 7, 8};

PeBuilder rich(uint16_t machine) {
  PeBuilder builder(machine);
  builder.add_section(".text", bytes_of("\x90\x90\xc3"), PeBuilder::code);
  builder.add_section(".bss", {}, PeBuilder::writable, 0x2000);
  builder.add_section(".debug_info", bytes_of("dwarf"), PeBuilder::data);
  builder.add_exports({{"second", 0x1002}, {"first", 0x1000}, {"", 0x1001}, {"gone", 0, "A.b"}});
  builder.add_codeview(kGuid, 0x1f, "C:\\build\\a.pdb");
  builder.add_version(10, 0, 19041, 7);
  builder.add_functions({{0x1000, 0x1003, 0x4000}});
  return builder;
}

File::ReadMemory reader(const std::vector<std::byte>& image, uint64_t hole_begin = 0,
                        uint64_t hole_end = 0) {
  return [&image, hole_begin, hole_end](Rva rva, std::span<std::byte> out) -> size_t {
    uint64_t end = image.size();
    if (rva.value < hole_begin) end = hole_begin;
    if (rva.value >= end || (rva.value >= hole_begin && rva.value < hole_end)) return 0;
    size_t n = std::min<uint64_t>(out.size(), end - rva.value);
    std::copy_n(image.begin() + static_cast<ptrdiff_t>(rva.value), n, out.begin());
    return n;
  };
}

void expect_rich(const File& file, bool from_file) {
  EXPECT_EQ(file.timestamp(), 0x5f5e1000u);
  EXPECT_EQ(file.checksum(), 0x1234u);
  EXPECT_EQ(file.entry_point(), Rva{0x1000});
  ASSERT_EQ(file.sections().size(), 7u);
  EXPECT_TRUE(file.sections()[0].executable());
  EXPECT_EQ(file.sections()[2].name, from_file ? ".debug_info" : "/4");
  EXPECT_EQ(file.section_data(".text").size(), 3u) << "without the padding";
  EXPECT_EQ(file.at(Rva{0x1000}, 3).size(), 3u);
  EXPECT_TRUE(file.at(Rva{0xfffff000}, 3).empty());
  EXPECT_EQ(file.from(Rva{0x1001}).size(), 2u);
  EXPECT_EQ(file.at(Rva{0}, 2).size(), 2u) << "the headers are part of the image";

  auto codeview = file.codeview();
  ASSERT_TRUE(codeview);
  EXPECT_EQ(codeview->debug_id, "123456789ABCDEF001020304050607081F");
  EXPECT_EQ(codeview->pdb, "C:\\build\\a.pdb");
  EXPECT_EQ(file.version(), "10.0.19041.7");

  const auto& exports = file.exports();
  ASSERT_EQ(exports.size(), 3u) << "forwarders are left out";
  EXPECT_EQ(exports[0].name, "first");
  EXPECT_EQ(exports[0].ordinal, 2u);
  EXPECT_EQ(exports[1].name, "");
  EXPECT_EQ(exports[2].rva, Rva{0x1002});
  EXPECT_EQ(file.exception_directory().size(), 12u);
  EXPECT_TRUE(file.exception_directory_is_whole());
}

TEST(PeFile, ReadsAFile) {
  for (uint16_t machine : {PeBuilder::x64, PeBuilder::x86, PeBuilder::arm64}) {
    auto bytes = rich(machine).file();
    auto file = File::parse(bytes, nullptr, "a.dll");
    ASSERT_TRUE(file) << file.error().line();
    EXPECT_EQ(static_cast<uint16_t>((*file)->machine()), machine);
    EXPECT_EQ((*file)->is_64(), machine != PeBuilder::x86);
    EXPECT_EQ((*file)->image_base(), machine == PeBuilder::x86 ? 0x40000000u : 0x140000000u);
    expect_rich(**file, true);
    EXPECT_EQ((*file)->section_data(".debug_info").size(), 5u);
    EXPECT_TRUE((*file)->section_data(".bss").empty()) << "the file does not hold its zeros";
    EXPECT_TRUE((*file)->damage().empty());
  }
}

TEST(PeFile, ReadsAnImageInMemory) {
  auto image = rich(PeBuilder::x64).mapped();
  auto file = File::from_memory(reader(image), "a.dll");
  ASSERT_TRUE(file) << file.error().line();
  expect_rich(**file, false);
  Bytes first = (*file)->at(Rva{0x1000}, 2);
  (*file)->at(Rva{0x1000}, 0x5000);
  EXPECT_EQ(first[1], std::byte{0x90}) << "what was borrowed stays";
}

TEST(PeFile, GoesRoundHolesInMemory) {
  auto image = rich(PeBuilder::x64).mapped();
  auto file = File::from_memory(reader(image, 0x1000, 0x1001), "a.dll");
  ASSERT_TRUE(file) << file.error().line();
  EXPECT_TRUE((*file)->at(Rva{0x1000}, 2).empty());
  EXPECT_EQ((*file)->at(Rva{0x1001}, 2).size(), 2u);
  EXPECT_EQ((*file)->at(Rva{0x1001}, 2).size(), 2u);
  EXPECT_TRUE((*file)->codeview());
  // The headers only, as a small dump has them.
  auto headers = File::from_memory(reader(image, 0x1000, image.size()), "a.dll");
  ASSERT_TRUE(headers);
  EXPECT_EQ((*headers)->sections().size(), 7u);
  EXPECT_FALSE((*headers)->codeview());
  EXPECT_TRUE((*headers)->exports().empty());
  EXPECT_TRUE((*headers)->exception_directory().empty());
  EXPECT_FALSE((*headers)->exception_directory_is_whole());
  EXPECT_EQ((*headers)->version(), "");
}

TEST(PeFile, RefusesWhatIsNone) {
  auto none = File::from_memory([](Rva, std::span<std::byte>) -> size_t { return 0; }, "a.dll");
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().line().find("a.dll"), std::string::npos);
  auto elf = bytes_of(
      "\x7f"
      "ELF....................................................");
  EXPECT_FALSE(File::parse(elf, nullptr, "a.so"));
  EXPECT_FALSE(File::parse({}, nullptr, "empty"));
}

TEST(PeFile, TakesWhatIsLeftOfACutFile) {
  auto whole = rich(PeBuilder::x64).file();
  size_t opened = 0;
  for (size_t size = 0; size < whole.size(); size += 7) {
    auto cut = Bytes(whole).first(size);
    auto file = File::parse(cut, nullptr, "cut.dll");
    if (!file) continue;
    ++opened;
    (*file)->exports();
    (*file)->codeview();
    (*file)->version();
  }
  EXPECT_GT(opened, 10u);
  // Within the section table.
  auto file = File::parse(Bytes(whole).first(0x80 + 24 + 240 + 100), nullptr, "cut.dll");
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->sections().size(), 2u);
  EXPECT_FALSE((*file)->damage().empty());
}

std::string fixtures() {
  const char* folder = "../shared/fixtures";
  return std::filesystem::exists(folder) ? folder : "";
}

/// The value behind "Key: " in what llvm-readobj prints.
std::string printed(const std::string& text, const std::string& key) {
  size_t at = text.find(key + ": ");
  if (at == text.npos) return {};
  at += key.size() + 2;
  return text.substr(at, text.find_first_of(" \n", at) - at);
}

TEST(PeFile, AgreesWithReadobjOnARealImage) {
  std::string folder = fixtures();
  if (folder.empty() || !testkit::has_tool("llvm-readobj-19")) GTEST_SKIP() << "not here";
  std::string path = folder + "/sentry-windows-x86/crash.exe";
  auto file = File::open(path);
  ASSERT_TRUE(file) << file.error().line();
  auto said = testkit::run_command(
      "llvm-readobj-19 --file-headers --sections --coff-debug-directory " + path);
  ASSERT_EQ(said.status, 0);
  auto number = [&](const std::string& key) {
    return std::strtoull(printed(said.output, key).c_str(), nullptr, 0);
  };
  EXPECT_EQ((*file)->machine(), Machine::x86);
  EXPECT_EQ((*file)->sections().size(), number("SectionCount"));
  EXPECT_EQ((*file)->image_size(), number("SizeOfImage"));
  EXPECT_EQ((*file)->entry_point().value, number("AddressOfEntryPoint"));
  EXPECT_EQ((*file)->image_base(), number("ImageBase"));
  auto codeview = (*file)->codeview();
  ASSERT_TRUE(codeview);
  EXPECT_NE(codeview->pdb.find("crash.pdb"), std::string::npos);
  std::string guid = printed(said.output, "PDBGUID");
  std::erase_if(guid, [](char c) { return !std::isxdigit(static_cast<unsigned char>(c)); });
  EXPECT_EQ(codeview->debug_id, guid + printed(said.output, "PDBAge"));
  size_t code_sections = 0;
  for (const Section& section : (*file)->sections()) code_sections += section.executable();
  EXPECT_EQ(code_sections, 1u);
}

}  // namespace
}  // namespace inquest::pe
