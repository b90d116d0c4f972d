#include "format/breakpad/sym_file.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "base/mapped_file.h"

namespace inquest::breakpad {
namespace {

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

constexpr std::string_view kText =
    "MODULE windows x86 000102030405060708090A0B0C0D0E0F1 app name.pdb\r\n"
    "INFO CODE_ID 5A9832E512000 app.exe\n"
    "FILE 7 c:\\src\\list.h\n"
    "FILE 0 c:\\src dir\\app.cc\n"
    "INLINE_ORIGIN 1 game::middle(int, int)\n"
    "FUNC 1000 40 8 game::Guild::total(int)\n"
    "INLINE 0 12 0 1 1010 8 1020 4\n"
    "1000 10 10 0\n"
    "1010 8 44 7\n"
    "zz 8 44 7\n"
    "FUNC m 1050 10 0 main\n"
    "1050 10 20 0\n"
    "FUNC 1060 nonsense\n"
    "PUBLIC m 10a0 0 ?f@@YAHXZ\n"
    "PUBLIC 123456789a 0 far\n"
    "STACK WIN 4 1000 40 6 1 8 4 10 20 1 $T0 $ebp = $eip $T0 4 + ^ =\n"
    "STACK WIN 0 1050 10 1 0 0 0 0 0 0 1\n"
    "STACK WIN 4 1050\n"
    "STACK CFI INIT 2000 20 .cfa: $rsp 8 + .ra: .cfa -8 + ^\n"
    "STACK CFI 2001 .cfa: $rsp 16 +\n"
    "STACK CFI INIT 1f00 10 .cfa: $rsp 8 +\n"
    "FUNC 1070 10 0 last";

TEST(SymFile, module_and_code_id) {
  auto module = read_module(bytes_of(kText), "x.sym");
  ASSERT_TRUE(module);
  EXPECT_EQ(module->system, "windows");
  EXPECT_EQ(module->architecture, "x86");
  EXPECT_EQ(module->id, "000102030405060708090A0B0C0D0E0F1");
  EXPECT_EQ(module->name, "app name.pdb");
  EXPECT_EQ(module->code_id, "5A9832E512000");
  auto none = read_module(bytes_of("FUNC 1 2 3 x\n"), "x.sym");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().file, "x.sym");
  EXPECT_FALSE(read_module({}, "x.sym"));
}

TEST(SymFile, index_skips_and_counts_what_is_damaged) {
  SymIndex index = read_index(bytes_of(kText));
  ASSERT_EQ(index.functions.size(), 3u);
  EXPECT_EQ(index.functions[0].begin, 0x1000u);
  EXPECT_EQ(index.functions[0].size, 0x40u);
  EXPECT_EQ(index.functions[0].name, "game::Guild::total(int)");
  EXPECT_EQ(index.functions[1].name, "main");
  EXPECT_EQ(index.functions[2].name, "last");
  ASSERT_EQ(index.publics.size(), 1u);
  EXPECT_EQ(index.publics[0].address, 0x10a0u);
  EXPECT_EQ(index.publics[0].name, "?f@@YAHXZ");
  EXPECT_EQ(index.files.find(0), "c:\\src dir\\app.cc");
  EXPECT_EQ(index.files.find(7), "c:\\src\\list.h");
  EXPECT_EQ(index.files.find(1), "");
  EXPECT_EQ(index.origins.find(1), "game::middle(int, int)");
  EXPECT_EQ(index.skipped, 2u);  // "nonsense", and an address beyond 32 bits
}

TEST(SymFile, one_function) {
  SymIndex index = read_index(bytes_of(kText));
  FunctionBody body = read_function(bytes_of(kText), index.functions[0].offset);
  ASSERT_EQ(body.lines.size(), 2u);
  EXPECT_EQ(body.lines[1].begin, 0x1010u);
  EXPECT_EQ(body.lines[1].size, 8u);
  EXPECT_EQ(body.lines[1].line, 44u);
  EXPECT_EQ(body.lines[1].file, 7u);
  ASSERT_EQ(body.calls.size(), 1u);
  EXPECT_EQ(body.calls[0].call_line, 12u);
  EXPECT_EQ(body.calls[0].origin, 1u);
  ASSERT_EQ(body.calls[0].range_count, 2u);
  EXPECT_EQ(body.ranges[1].begin, 0x1020u);
  EXPECT_EQ(body.ranges[1].end, 0x1024u);
  EXPECT_EQ(body.skipped, 1u);
  EXPECT_TRUE(read_function(bytes_of(kText), index.functions[2].offset).lines.empty());
  EXPECT_TRUE(read_function(bytes_of(kText), kText.size() + 5).lines.empty());
}

TEST(SymFile, frame_rules) {
  uint64_t skipped = 0;
  FrameRules rules = read_frame_rules(bytes_of(kText), &skipped);
  EXPECT_EQ(skipped, 1u);
  const WinFrame* data = rules.win_at(0x1010);
  ASSERT_TRUE(data);
  EXPECT_EQ(data->program, "$T0 $ebp = $eip $T0 4 + ^ =");
  EXPECT_EQ(data->prologue_size, 6u);
  EXPECT_EQ(data->epilogue_size, 1u);
  EXPECT_EQ(data->parameter_size, 8u);
  EXPECT_EQ(data->saved_register_size, 4u);
  EXPECT_EQ(data->local_size, 0x10u);
  EXPECT_EQ(data->max_stack_size, 0x20u);
  const WinFrame* fpo = rules.win_at(0x1050);
  ASSERT_TRUE(fpo);
  EXPECT_TRUE(fpo->program.empty());
  EXPECT_TRUE(fpo->allocates_base_pointer);
  EXPECT_FALSE(rules.win_at(0x1060));
  const CfiFrame* cfi = rules.cfi_at(0x2005);
  ASSERT_TRUE(cfi);
  EXPECT_EQ(cfi->rules, ".cfa: $rsp 8 + .ra: .cfa -8 + ^");
  ASSERT_EQ(cfi->delta_count, 1u);
  EXPECT_EQ(rules.deltas[cfi->first_delta].rva, 0x2001u);
  EXPECT_EQ(rules.deltas[cfi->first_delta].rules, ".cfa: $rsp 16 +");
  ASSERT_TRUE(rules.cfi_at(0x1f0f));
  EXPECT_EQ(rules.cfi_at(0x1f0f)->delta_count, 0u);
  EXPECT_FALSE(rules.cfi_at(0x1f10));
}

TEST(SymFile, of_breakpad_itself) {
  const std::string path =
      "../shared/fixtures/breakpad-x86/symbols/test_app.pdb/"
      "5A9832E5287241C1838ED98914E9B7FF1/test_app.sym";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no fixtures";
  auto file = MappedFile::open(path);
  ASSERT_TRUE(file);
  SymIndex index = read_index((*file)->bytes());
  EXPECT_EQ(index.skipped, 0u);
  EXPECT_GT(index.functions.size(), 500u);
  uint64_t skipped = 0;
  for (const FunctionPlace& f : index.functions) {
    skipped += read_function((*file)->bytes(), f.offset).skipped;
  }
  EXPECT_EQ(skipped, 0u);
  EXPECT_EQ(read_frame_rules((*file)->bytes(), &skipped).win.size(), 1815u);
  EXPECT_EQ(skipped, 0u);
}

}  // namespace
}  // namespace inquest::breakpad
