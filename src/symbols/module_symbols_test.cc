#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <sstream>

#include "symbols/symbols.h"
#include "testkit/dwarf_program.h"

namespace inquest::symbols {
namespace {

using testkit::DwarfProgram;

locate::ModuleFiles files_of(const std::string& path) {
  locate::ModuleFiles files;
  auto file = elf::File::open(path);
  EXPECT_TRUE(file) << file.error().line();
  files.image = files.debug = files.symtab = *file;
  return files;
}

/// Every fourth byte of the program's own functions.
std::vector<uint64_t> code_of(const elf::File& file) {
  std::vector<uint64_t> out;
  for (const elf::Symbol& s : file.symbols(2 /* SHT_SYMTAB */)) {
    if (s.type != 2 /* STT_FUNC */ || s.section == 0) continue;
    bool ours = s.name.find("4game") != s.name.npos || s.name == "main" || s.name == "plain_c";
    if (!ours) continue;
    for (uint64_t at = s.value; at < s.value + s.size; at += 4) out.push_back(at);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

/// "function file:line" lines, innermost first.
std::string text_of(const std::vector<SourceFrame>& frames, bool names = true) {
  std::string text;
  for (const SourceFrame& f : frames) {
    if (names) text += f.function + " ";
    text += fmt::format("{}:{}\n", f.file.substr(f.file.rfind('/') + 1), f.line);
  }
  return text;
}

/// The same of llvm-symbolizer, by address.
std::map<uint64_t, std::string> witness(const std::string& program,
                                        const std::vector<uint64_t>& code, bool names) {
  std::string list = program + ".addresses";
  std::ofstream out(list);
  for (uint64_t at : code) out << fmt::format("{:#x}\n", at);
  out.close();
  std::istringstream text(testkit::output_of(
      fmt::format("llvm-symbolizer-19 --inlines -a --basenames --no-demangle --obj={} < {} | "
                  "c++filt",
                  program, list)));
  std::map<uint64_t, std::string> answers;
  std::string line;
  while (std::getline(text, line)) {
    uint64_t at = std::stoull(line, nullptr, 16);
    std::string& answer = answers[at];
    while (std::getline(text, line) && !line.empty()) {
      if (names) answer += line + " ";
      std::getline(text, line);
      answer += line.substr(0, line.rfind(':')) + "\n";
    }
  }
  return answers;
}

/// What gdb says of the innermost line, by address.
std::map<uint64_t, std::string> lines_of_gdb(const std::string& program,
                                             const std::vector<uint64_t>& code) {
  std::string script = program + ".gdb";
  std::ofstream out(script);
  for (uint64_t at : code) out << fmt::format("echo @{:#x} \\n\ninfo line *{:#x}\n", at, at);
  out.close();
  std::istringstream text(testkit::output_of(
      fmt::format("gdb -nx -batch -ex 'set debuginfod enabled off' -x {} {}", script, program)));
  std::map<uint64_t, std::string> answers;
  uint64_t at = 0;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("@")) at = std::stoull(line.substr(1), nullptr, 16);
    if (!line.starts_with("Line ")) continue;
    size_t begin = line.find('"') + 1, end = line.find('"', begin);
    std::string file = line.substr(begin, end - begin);
    answers[at] =
        fmt::format("{}:{}\n", file.substr(file.rfind('/') + 1), std::stoul(line.substr(5)));
  }
  return answers;
}

struct Build {
  const char* compiler;
  const char* flags;
};
void PrintTo(const Build& build, std::ostream* out) {
  *out << build.compiler << " " << build.flags;
}

class CompiledProgram : public testing::TestWithParam<Build> {};

TEST_P(CompiledProgram, agrees_with_llvm_symbolizer_cold_and_cached) {
  const Build& build = GetParam();
  if (!testkit::have_tool(build.compiler)) GTEST_SKIP() << "no " << build.compiler;
  DwarfProgram program(build.compiler, build.flags, testkit::sample_program());
  if (program.path().empty()) GTEST_SKIP() << "this build is not possible here";
  auto files = files_of(program.path());
  Options options{.cache = program.folder() + "/cache"};
  auto cold = ModuleSymbols::open(files, snapshot::Arch::x86_64, options);
  EXPECT_FALSE(cold->cached());
  auto made = compile_cache(files, snapshot::Arch::x86_64, options);
  ASSERT_TRUE(made) << made.error().line();
  auto warm = ModuleSymbols::open(files, snapshot::Arch::x86_64, options);
  EXPECT_TRUE(warm->cached());
  EXPECT_FALSE(warm->wants_compiling());

  const std::vector<uint64_t> code = code_of(*files.image);
  ASSERT_GT(code.size(), 50u);
  std::map<uint64_t, std::string> expected;
  if (testkit::have_tool("llvm-symbolizer-19")) expected = witness(program.path(), code, false);
  // Where several rows share an address, or a row has no line, we choose as gdb does.
  std::map<uint64_t, std::string> innermost;
  if (testkit::have_tool("gdb")) innermost = lines_of_gdb(program.path(), code);
  size_t different = 0;
  for (uint64_t at : code) {
    Rva rva{at - files.image->load_base()};
    auto frames = cold->frames_at(rva);
    ASSERT_FALSE(frames.empty()) << std::hex << at;
    EXPECT_EQ(text_of(frames), text_of(warm->frames_at(rva))) << std::hex << at;
    if (auto gdb = innermost.find(at); gdb != innermost.end()) {
      std::string& answer = expected[at];
      answer = gdb->second + answer.substr(std::min(answer.size(), answer.find('\n') + 1));
    }
    if (!expected.empty() && text_of(frames, false) != expected[at]) {
      ++different;
      if (different < 3) {
        std::printf("%lx ours:\n%stheirs:\n%s", at, text_of(frames).c_str(), expected[at].c_str());
      }
    }
  }
  EXPECT_EQ(different, 0u) << "of " << code.size();
  EXPECT_TRUE(cold->warnings().empty());
}

TEST_P(CompiledProgram, finds_names_and_inlined_calls) {
  const Build& build = GetParam();
  if (!testkit::have_tool(build.compiler)) GTEST_SKIP() << "no " << build.compiler;
  DwarfProgram program(build.compiler, build.flags, testkit::sample_program());
  if (program.path().empty()) GTEST_SKIP() << "this build is not possible here";
  auto files = files_of(program.path());
  auto symbols = ModuleSymbols::open(files, snapshot::Arch::x86_64, {.use_cache = false});
  auto score = symbols->find("_ZNK4game6Member5scoreEi");
  if (!score) GTEST_SKIP() << "the function was inlined everywhere";
  auto symbol = symbols->symbol_at(*score + 3);
  ASSERT_TRUE(symbol);
  EXPECT_EQ(symbol->name, "game::Member::score(int) const");
  EXPECT_EQ(symbol->offset, 3u);
  EXPECT_FALSE(symbols->find("_ZNK4game6Member5score"));
  size_t deepest = 0;
  for (uint64_t i = 0; i < symbol->size; ++i) {
    auto frames = symbols->frames_at(*score + i);
    ASSERT_FALSE(frames.empty());
    EXPECT_EQ(frames.back().function, "game::Member::score(int) const");
    EXPECT_EQ(frames.back().linkage, "_ZNK4game6Member5scoreEi");
    EXPECT_EQ(frames.back().begin, *score);
    EXPECT_FALSE(frames.back().inlined);
    EXPECT_TRUE(frames.back().file.ends_with("/guild.cc")) << frames.back().file;
    if (frames.size() > deepest) deepest = frames.size();
    if (frames.size() == 3) {
      EXPECT_THAT(frames[0].function, testing::HasSubstr("innermost"));
      EXPECT_THAT(frames[1].function, testing::HasSubstr("middle"));
      EXPECT_TRUE(frames[0].inlined && frames[1].inlined);
    }
  }
  EXPECT_EQ(deepest, 3u);
}

INSTANTIATE_TEST_SUITE_P(
    Builds, CompiledProgram,
    testing::Values(Build{"g++", "-g -O0"}, Build{"g++", "-g -O2"}, Build{"g++", "-gdwarf-4 -O2"},
                    Build{"g++", "-g -O2 -gz"}, Build{"g++", "-g -O2 -gsplit-dwarf"},
                    Build{"g++", "-gdwarf-4 -O1 -gsplit-dwarf"}, Build{"g++", "-g -O2 -flto"},
                    Build{"g++",
                          "-g -O1 -fdebug-types-section -ffunction-sections -Wl,--gc-sections"},
                    Build{"clang++-19", "-g -O0"}, Build{"clang++-19", "-g -O2"},
                    Build{"clang++-19", "-gdwarf-4 -O2"},
                    Build{"clang++-19", "-g -O1 -gsplit-dwarf"},
                    Build{"clang++-19", "-g -O2 -flto -fuse-ld=lld"},
                    Build{"clang++-19", "-g -O1 -gz=zlib -fdebug-types-section"}));

TEST(ModuleSymbols, says_which_split_files_are_missing) {
  DwarfProgram program("g++", "-g -gsplit-dwarf -O1", testkit::sample_program());
  if (program.path().empty()) GTEST_SKIP() << "no g++";
  for (const auto& entry : std::filesystem::directory_iterator(program.folder())) {
    if (entry.path().extension() == ".dwo") std::filesystem::remove(entry.path());
  }
  auto symbols =
      ModuleSymbols::open(files_of(program.path()), snapshot::Arch::x86_64, {.use_cache = false});
  auto total = symbols->find("_ZN4game5totalERKNS_6MemberEi");
  ASSERT_TRUE(total);
  auto frames = symbols->frames_at(*total);
  ASSERT_EQ(frames.size(), 1u);  // the name from .symtab, the line from the skeleton
  EXPECT_EQ(frames[0].function, "game::total(game::Member const&, int)");
  EXPECT_TRUE(frames[0].file.ends_with("guild.cc"));
  ASSERT_EQ(symbols->warnings().size(), 1u);
  EXPECT_THAT(symbols->warnings()[0].what, testing::HasSubstr(".dwo"));
}

TEST(ModuleSymbols, replaces_a_damaged_cache_and_answers_all_the_same) {
  DwarfProgram program("g++", "-g -O1", testkit::sample_program());
  if (program.path().empty()) GTEST_SKIP() << "no g++";
  auto files = files_of(program.path());
  Options options{.cache = program.folder() + "/cache"};
  ASSERT_TRUE(compile_cache(files, snapshot::Arch::x86_64, options));
  std::string path = std::filesystem::directory_iterator(options.cache)->path();
  const auto size = std::filesystem::file_size(path);
  auto good = ModuleSymbols::open(files, snapshot::Arch::x86_64, options);
  auto total = good->find("_ZN4game5totalERKNS_6MemberEi");
  ASSERT_TRUE(total);
  const std::string expected = text_of(good->frames_at(*total + 8));

  // Damage in the data is noticed when it is touched: the answer comes from the DWARF then.
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(size / 2);
    char byte = static_cast<char>(file.peek());
    file.seekp(size / 2);
    file.put(static_cast<char>(byte ^ 0x55));
  }
  auto damaged = ModuleSymbols::open(files, snapshot::Arch::x86_64, options);
  EXPECT_EQ(text_of(damaged->frames_at(*total + 8)), expected);
  ASSERT_EQ(damaged->warnings().size(), 1u);
  EXPECT_THAT(damaged->warnings()[0].what, testing::HasSubstr("damaged"));

  // A cut file does not open at all, and is made anew.
  std::filesystem::resize_file(path, size / 2);
  EXPECT_FALSE(ModuleSymbols::open(files, snapshot::Arch::x86_64, options)->cached());
  ASSERT_TRUE(compile_cache(files, snapshot::Arch::x86_64, options));
  EXPECT_TRUE(ModuleSymbols::open(files, snapshot::Arch::x86_64, options)->cached());
}

TEST(ModuleSymbols, names_plt_entries) {
  DwarfProgram program("g++", "-O0 -fcf-protection=full", testkit::sample_program());
  if (program.path().empty()) GTEST_SKIP() << "no g++";
  auto files = files_of(program.path());
  const elf::Section* plt = files.image->section(".plt.sec");
  if (!plt) plt = files.image->section(".plt");
  ASSERT_TRUE(plt);
  auto symbols = ModuleSymbols::open(files, snapshot::Arch::x86_64, {.use_cache = false});
  std::string names;
  for (uint64_t at = 0; at < plt->size; at += 16) {
    auto frames = symbols->frames_at({plt->address + at + 4 - files.image->load_base()});
    if (!frames.empty()) names += frames[0].function + " ";
  }
  EXPECT_THAT(names, testing::HasSubstr("printf@plt"));
  EXPECT_EQ(symbols->types(), nullptr);
}

TEST(ModuleSymbols, demangles_as_cxxfilt_does) {
  EXPECT_EQ(demangle("_ZNSt6vectorIiSaIiEE9push_backERKi"),
            "std::vector<int, std::allocator<int> >::push_back(int const&)");
  EXPECT_EQ(demangle("main"), "main");
  EXPECT_EQ(demangle("_Znope"), "_Znope");
  EXPECT_EQ(demangle("_ZN1w4main17h64bbc2df299ab37dE"), "w::main");
  EXPECT_EQ(demangle("_ZN3std2rt10lang_start28_$u7b$$u7b$closure$u7d$$u7d$17ha16d8e5c70b3654eE"),
            "std::rt::lang_start::{{closure}}");
  EXPECT_EQ(demangle("_ZN55_$LT$$RF$str$u20$as$u20$core..str..pattern..Pattern$GT$"
                     "7matches17h0123456789abcdefE"),
            "<&str as core::str::pattern::Pattern>::matches");
  EXPECT_EQ(demangle("_ZN3foo4cash3barEv"), "foo::cash::bar()") << "no hash, so not Rust's";
  EXPECT_EQ(demangle("_ZN3foo3barEv@plt"), "foo::bar()@plt");
  EXPECT_EQ(demangle("_ZN3foo3barEv.cold"), "foo::bar() [clone .cold]");
}

}  // namespace
}  // namespace inquest::symbols
