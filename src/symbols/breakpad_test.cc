// Breakpad's text as a source of symbols, and the real files of other projects.
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "symbols/symbols.h"
#include "testkit/shell.h"

namespace inquest::symbols {
namespace {

const std::string kFixtures = "../shared/fixtures/";

std::shared_ptr<const MappedFile> breakpad_map_file(const std::string& path) {
  auto file = MappedFile::open(path);
  EXPECT_TRUE(file) << file.error().line();
  return file ? *file : nullptr;
}

/// "function file:line", innermost first, in one line.
std::string text_of(const std::vector<SourceFrame>& frames) {
  std::string text;
  for (const SourceFrame& f : frames) {
    text += fmt::format("{}{} {}:{}", text.empty() ? "" : " < ", f.function,
                        f.file.substr(f.file.find_last_of("/\\") + 1), f.line);
  }
  return text;
}

constexpr const char* kText =
    "MODULE windows x86 000102030405060708090A0B0C0D0E0F1 app.pdb\n"
    "FILE 0 c:\\src\\app.cc\n"
    "FILE 7 c:\\src\\list.h\n"
    "INLINE_ORIGIN 0 game::innermost(int)\n"
    "INLINE_ORIGIN 1 game::middle(int, int)\n"
    "FUNC 1000 40 8 game::Guild::total(int)\n"
    "INLINE 0 12 0 1 1010 18\n"
    "INLINE 1 44 7 0 1014 8 1020 4\n"
    "1000 10 10 0\n"
    "1010 4 44 7\n"
    "1014 8 5 7\n"
    "101c 4 45 7\n"
    "1020 4 6 7\n"
    "1028 18 14 0\n"
    "FUNC 1020 2 0 nested\n"
    "1020 2 99 0\n"
    "FUNC 1050 10 0 main\n"
    "PUBLIC 1080 4 _helper@4\n"
    "PUBLIC 1058 0 hides_behind_main\n"
    "PUBLIC m 10a0 0 ?f@@YAHXZ\n";

struct Text {
  Text() {
    testkit::write_file(folder.file("app.sym"), kText);
    files.sym = breakpad_map_file(folder.file("app.sym"));
    options.cache = folder.file("cache");
  }
  testkit::TemporaryFolder folder;
  locate::ModuleFiles files;
  Options options;
};

TEST(Breakpad, inlined_calls_lines_and_publics_cold_and_cached) {
  Text text;
  auto cold = ModuleSymbols::open(text.files, snapshot::Arch::x86, text.options);
  EXPECT_FALSE(cold->cached());
  ASSERT_TRUE(compile_cache(text.files, snapshot::Arch::x86, text.options));
  auto warm = ModuleSymbols::open(text.files, snapshot::Arch::x86, text.options);
  ASSERT_TRUE(warm->cached());
  for (const auto* symbols : {cold.get(), warm.get()}) {
    auto at = [&](uint64_t rva) { return text_of(symbols->frames_at({rva})); };
    EXPECT_EQ(at(0x1000), "game::Guild::total(int) app.cc:10");
    EXPECT_EQ(at(0x1010), "game::middle(int, int) list.h:44 < game::Guild::total(int) app.cc:12");
    EXPECT_EQ(at(0x1015),
              "game::innermost(int) list.h:5 < game::middle(int, int) list.h:44 < "
              "game::Guild::total(int) app.cc:12");
    EXPECT_EQ(at(0x101c), "game::middle(int, int) list.h:45 < game::Guild::total(int) app.cc:12");
    EXPECT_EQ(at(0x1021), "nested app.cc:99");
    EXPECT_EQ(at(0x1024), "game::middle(int, int) :0 < game::Guild::total(int) app.cc:12");
    EXPECT_EQ(at(0x1028), "game::Guild::total(int) app.cc:14");
    EXPECT_EQ(at(0x105f), "main :0");
    EXPECT_EQ(at(0x1045), "");
    EXPECT_EQ(at(0x1084), "helper :0");
    EXPECT_EQ(at(0x10a1), "f(void) :0");
    EXPECT_EQ(symbols->find("main"), Rva{0x1050});
    EXPECT_EQ(symbols->frames_at({0x1058})[0].begin, Rva{0x1050});
    EXPECT_TRUE(symbols->warnings().empty());
    EXPECT_EQ(symbols->types(), nullptr);
  }
}

TEST(Breakpad, damaged_lines_are_told) {
  testkit::TemporaryFolder folder;
  testkit::write_file(folder.file("a.sym"),
                      "MODULE Linux x86_64 00 a\nFUNC 10 what\nFUNC 20 8 0 f\n");
  locate::ModuleFiles files;
  files.sym = breakpad_map_file(folder.file("a.sym"));
  auto symbols = ModuleSymbols::open(files, snapshot::Arch::x86_64, {.use_cache = false});
  EXPECT_EQ(text_of(symbols->frames_at({0x21})), "f :0");
  ASSERT_EQ(symbols->warnings().size(), 1u);
  EXPECT_THAT(symbols->warnings()[0].what, testing::HasSubstr("1 damaged lines"));
}

TEST(Breakpad, frame_rules_own_their_text) {
  Text text;
  EXPECT_EQ(read_frame_rules(text.files), nullptr);
  testkit::write_file(text.folder.file("b.sym"),
                      "MODULE windows x86 00 b\nSTACK WIN 4 10 8 0 0 0 0 0 0 1 $eip 4 =\n");
  text.files.sym = breakpad_map_file(text.folder.file("b.sym"));
  auto rules = read_frame_rules(text.files);
  text.files = {};
  ASSERT_TRUE(rules);
  ASSERT_TRUE(rules->win_at(0x12));
  EXPECT_EQ(rules->win_at(0x12)->program, "$eip 4 =");
}

TEST(Breakpad, stack_of_its_own_test) {
  const std::string path = kFixtures +
                           "breakpad-x86/symbols/test_app.pdb/"
                           "5A9832E5287241C1838ED98914E9B7FF1/test_app.sym";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no fixtures";
  locate::ModuleFiles files;
  files.sym = breakpad_map_file(path);
  auto symbols = ModuleSymbols::open(files, snapshot::Arch::x86, {.use_cache = false});
  // minidump2.stackwalk.out; the callers' addresses are those behind the calls.
  EXPECT_EQ(text_of(symbols->frames_at({0x429e})),
            "`anonymous namespace'::CrashFunction test_app.cc:58");
  EXPECT_EQ(text_of(symbols->frames_at({0x41ff})), "main test_app.cc:65");
  EXPECT_EQ(text_of(symbols->frames_at({0x53eb})), "__tmainCRTStartup crt0.c:327");
  EXPECT_EQ(read_frame_rules(files)->win.size(), 1815u);
}

TEST(Pdb, of_msvc_with_link_time_code) {
  const std::string path = kFixtures + "sentry-windows-x86/crash.pdb";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no fixtures";
  locate::ModuleFiles files;
  files.pdb = breakpad_map_file(path);
  auto symbols = ModuleSymbols::open(files, snapshot::Arch::x86, {.use_cache = false});
  EXPECT_EQ(text_of(symbols->frames_at({0x2a40})),
            "`anonymous namespace'::crash main.cpp:24 < `anonymous namespace'::start main.cpp:28 < "
            "main main.cpp:35");
  EXPECT_EQ(symbols->compiler_at({0x2a40}).substr(0, 37), "Microsoft (R) Optimizing Compiler 19.");
  // An id that stands in another module.
  auto imported = symbols->frames_at({0x1a00});
  ASSERT_EQ(imported.size(), 3u);
  EXPECT_THAT(imported[0].function, testing::HasSubstr("::_Tidy_deallocate"));
  EXPECT_THAT(imported[1].function, testing::EndsWith("::~basic_string"));
  EXPECT_EQ(imported[2].function, "google_breakpad::ExceptionHandler::~ExceptionHandler(void)");
  auto rules = read_frame_rules(files);
  ASSERT_TRUE(rules);
  const breakpad::WinFrame* frame = rules->win_at(0x2a40);
  ASSERT_TRUE(frame);
  EXPECT_THAT(std::string(frame->program), testing::HasSubstr("$eip"));
}

TEST(Pdb, of_msvc_x64) {
  const std::string path = kFixtures + "lldb-windows-x64/sigsegv.pdb";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no fixtures";
  locate::ModuleFiles files;
  files.pdb = breakpad_map_file(path);
  auto symbols = ModuleSymbols::open(files, snapshot::Arch::x86_64, {.use_cache = false});
  auto crash = symbols->find("?crash@@YAX_N@Z");
  auto main = symbols->find("main");
  ASSERT_TRUE(crash && main);
  EXPECT_EQ(symbols->frames_at(*crash)[0].function, "crash(bool)");
  EXPECT_THAT(symbols->frames_at(*crash)[0].file, testing::HasSubstr("sigsegv.cpp"));
  EXPECT_EQ(symbols->frames_at(*main)[0].function, "main");
}

TEST(Map, of_gnu_ld) {
  testkit::TemporaryFolder folder;
  testkit::write_file(
      folder.file("a.c"),
      "int helper(int a) { return a * 3; }\nint main(void) { return helper(2); }\n");
  const std::string build = "cd " + folder.path() + " && gcc -O0 a.c -o a -Wl,-Map=a.map";
  if (!testkit::has_tool("gcc") || !testkit::run(build)) GTEST_SKIP() << "no gcc";
  auto image = elf::File::open(folder.file("a"));
  ASSERT_TRUE(image);
  locate::ModuleFiles with_map, with_table;
  with_map.map = breakpad_map_file(folder.file("a.map"));
  with_table.image = with_table.symtab = *image;
  auto names = ModuleSymbols::open(with_map, snapshot::Arch::x86_64, {.use_cache = false});
  auto table = ModuleSymbols::open(with_table, snapshot::Arch::x86_64, {.use_cache = false});
  ASSERT_TRUE(names->find("helper"));
  EXPECT_EQ(names->find("helper"), table->find("helper"));
  EXPECT_EQ(text_of(names->frames_at(*names->find("main") + 3)), "main :0");
}

}  // namespace
}  // namespace inquest::symbols
