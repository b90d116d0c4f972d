// Windows programs with a PDB, with DWARF, with a map, with exports only; llvm-symbolizer is the
// second witness.
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <sstream>

#include "format/pdb/identity.h"
#include "symbols/symbols.h"
#include "symbols/test_image.h"
#include "symbols/types.h"
#include "testkit/dwarf_program.h"
#include "testkit/shell.h"
#include "testkit/windows_program.h"

namespace inquest::symbols {
namespace {

using testing::HasSubstr;
using testkit::WindowsBuild;
using testkit::WindowsProgram;

constexpr snapshot::Arch kArch = snapshot::Arch::x86_64;

std::shared_ptr<const MappedFile> map_file(const std::string& path) {
  auto file = MappedFile::open(path);
  EXPECT_TRUE(file) << file.error().line();
  return file ? *file : nullptr;
}

std::string debug_id_of(const MappedFile& pdb) {
  auto identity = inquest::pdb::read_identity(pdb.bytes(), pdb.path());
  EXPECT_TRUE(identity) << identity.error().line();
  return identity ? identity->debug_id() : std::string{};
}

std::string base_name(const std::string& path) { return path.substr(path.find_last_of("/\\") + 1); }

/// "file:line" lines, innermost first.
std::string text_of(const std::vector<SourceFrame>& frames) {
  std::string text;
  for (const SourceFrame& f : frames) {
    text += f.file.empty() ? "??:0\n" : fmt::format("{}:{}\n", base_name(f.file), f.line);
  }
  return text;
}

std::map<uint64_t, std::string> witness(const std::string& image,
                                        const std::vector<uint64_t>& code) {
  std::ofstream list(image + ".addresses");
  for (uint64_t at : code) list << fmt::format("{:#x}\n", at);
  list.close();
  std::istringstream text(testkit::output_of(
      fmt::format("llvm-symbolizer-19 --inlines -a --obj={} < {}.addresses", image, image)));
  std::map<uint64_t, std::string> answers;
  for (std::string line; std::getline(text, line);) {
    std::string& answer = answers[std::stoull(line, nullptr, 16)];
    while (std::getline(text, line) && !line.empty()) {
      std::getline(text, line);
      answer += base_name(line.substr(0, line.rfind(':'))) + "\n";
    }
  }
  return answers;
}

class WindowsSymbols : public testing::TestWithParam<WindowsBuild> {};

TEST_P(WindowsSymbols, agree_with_llvm_symbolizer_cold_and_cached) {
  WindowsProgram program(GetParam());
  if (!program.made()) GTEST_SKIP() << "no clang-19 or lld-19";
  auto image = std::make_shared<TestImage>(map_file(program.image()));
  locate::ModuleFiles files;
  files.pe = image;
  if (!GetParam().target.ends_with("gnu")) {
    files.pdb = map_file(program.pdb());
    image->codeview_ = {.debug_id = debug_id_of(*files.pdb), .pdb = "app.pdb"};
  } else {
    image->codeview_ = {.debug_id = "0123456789ABCDEF0123456789ABCDEF1", .pdb = ""};
  }
  Options options{.cache = program.folder() + "/cache"};
  auto cold = ModuleSymbols::open(files, kArch, options);
  EXPECT_FALSE(cold->cached());
  ASSERT_TRUE(compile_cache(files, kArch, options));
  auto warm = ModuleSymbols::open(files, kArch, options);
  ASSERT_TRUE(warm->cached());

  const pe::Section& code = image->sections()[0];
  ASSERT_EQ(code.name, ".text");
  std::vector<uint64_t> places;
  for (uint64_t at = 0; at < code.virtual_size; ++at) {
    places.push_back(image->image_base() + code.rva + at);
  }
  auto expected = witness(program.image(), places);
  size_t deepest = 0, different = 0;
  for (uint64_t at : places) {
    const Rva rva{at - image->image_base()};
    auto frames = cold->frames_at(rva);
    EXPECT_EQ(text_of(frames), text_of(warm->frames_at(rva)));
    deepest = std::max(deepest, frames.size());
    // Between functions LLVM names the one before. Where rows have no line, or two share an
    // address, we choose as gdb does.
    if (frames.empty() || frames.back().file.empty()) continue;
    if (expected[at].starts_with("app.cc:0") || rva == frames.back().begin) continue;
    if (text_of(frames) != expected[at] && ++different < 4) {
      std::printf("%lx ours:\n%stheirs:\n%s", at, text_of(frames).c_str(), expected[at].c_str());
    }
  }
  EXPECT_EQ(different, 0u);
  EXPECT_EQ(deepest, 3u);
  EXPECT_TRUE(cold->warnings().empty());
}

TEST_P(WindowsSymbols, name_functions_and_types) {
  WindowsProgram program(GetParam());
  if (!program.made()) GTEST_SKIP() << "no clang-19 or lld-19";
  const bool is_gnu = GetParam().target.ends_with("gnu");
  locate::ModuleFiles files;
  files.pe = std::make_shared<TestImage>(map_file(program.image()));
  if (!is_gnu) files.pdb = map_file(program.pdb());
  auto symbols = ModuleSymbols::open(files, kArch, {.use_cache = false});
  const TypeReader* types = symbols->types();
  ASSERT_TRUE(types);

  const bool is_x86 = GetParam().target.starts_with("i686");
  TypeId guild = types->find("game::Guild");
  ASSERT_TRUE(guild);
  Type type = types->type(guild);
  EXPECT_EQ(type.kind, TypeKind::class_);
  EXPECT_EQ(type.name, "game::Guild");
  EXPECT_FALSE(type.is_declaration);
  EXPECT_FALSE(types->find("game::Gild"));
  if (!is_x86) {
    EXPECT_EQ(type.size, 80u);
    auto path = types->member_at(guild, 16 + 8);
    ASSERT_TRUE(path);
    EXPECT_EQ(path->path, "stats.power");
    path = types->member_at(guild, 48 + 4 * 2 + 1);
    ASSERT_TRUE(path);
    EXPECT_EQ(path->path, "slots[2]");
    EXPECT_EQ(path->offset_in_member, 1u);
    path = types->member_at(guild, 8);
    ASSERT_TRUE(path);
    EXPECT_THAT(path->path, HasSubstr("base_id"));
  }
  auto members = types->members(guild);
  ASSERT_GE(members.size(), 6u);
  EXPECT_TRUE(members[0].is_base);
  EXPECT_EQ(types->type(members[0].type).name, "game::Base");
  EXPECT_EQ(members[1].name, "stats");
  EXPECT_EQ(members[2].name, "next");
  EXPECT_EQ(types->type(members[2].type).kind, TypeKind::pointer);
  EXPECT_EQ(types->type(types->resolve(types->type(members[2].type).target)).name, "game::Guild");
  EXPECT_EQ(types->type(members[3].type).count, 4u);
  for (const Member& m : types->members(types->resolve(members[1].type))) {
    if (m.name != "level") continue;
    EXPECT_EQ(m.bit_size, 7u);
    EXPECT_EQ(m.bit_offset, 3u);
  }
  auto rank = types->enumerators(types->find("game::Rank"));
  ASSERT_EQ(rank.size(), 2u);
  EXPECT_EQ(rank[0].name, "low");
  EXPECT_EQ(rank[0].value, -1);

  auto globals = types->globals("the_guild");
  ASSERT_EQ(globals.size(), 1u);
  EXPECT_EQ(types->type(globals[0].type).name, "game::Guild");
  if (is_gnu) return;  // the sizes of its objects stand in the symbol table of COFF only
  auto inside = types->global_at(globals[0].begin + 9);
  ASSERT_TRUE(inside);
  EXPECT_EQ(inside->begin, globals[0].begin);
}

INSTANTIATE_TEST_SUITE_P(
    Builds, WindowsSymbols,
    testing::Values(WindowsBuild{.flags = "-O1"}, WindowsBuild{.flags = "-O2 -ffunction-sections"},
                    WindowsBuild{.target = "i686-pc-windows-msvc", .flags = "-O1"},
                    WindowsBuild{.target = "x86_64-w64-windows-gnu", .flags = "-O1"}),
    [](const auto& info) {
      std::string name = info.param.target + info.param.flags;
      std::replace_if(name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
      return name;
    });

/// A program of clang's with its PDB, opened.
struct WithPdb {
  explicit WithPdb(const WindowsBuild& build) : program(build) {
    if (!program.made()) return;
    files.pdb = map_file(program.pdb());
    symbols = ModuleSymbols::open(files, kArch, {.use_cache = false});
  }
  WindowsProgram program;
  locate::ModuleFiles files;
  std::unique_ptr<ModuleSymbols> symbols;
};

TEST(Pdb, names_functions_as_the_linker_does) {
  WithPdb built({});
  if (!built.symbols) GTEST_SKIP() << "no clang-19 or lld-19";
  auto total = built.symbols->find("?total@Guild@game@@QEAAHH@Z");
  ASSERT_TRUE(total);
  auto frames = built.symbols->frames_at(*total);
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames.back().function, "game::Guild::total(int)");
  EXPECT_EQ(frames.back().linkage, "?total@Guild@game@@QEAAHH@Z");
  EXPECT_EQ(frames.back().begin, *total);
  auto plain = built.symbols->find("plain");
  ASSERT_TRUE(plain);
  EXPECT_EQ(built.symbols->frames_at(*plain + 1).back().function, "plain");
  auto symbol = built.symbols->symbol_at(*plain + 1);
  ASSERT_TRUE(symbol);
  EXPECT_EQ(symbol->name, "plain");
  EXPECT_FALSE(symbol->is_export);
  EXPECT_THAT(built.symbols->compiler_at(*plain), HasSubstr("clang version 19"));
}

TEST(Pdb, identity_is_what_the_image_asks_for) {
  WithPdb built({});
  if (!built.symbols || !testkit::have_tool("llvm-readobj-19")) GTEST_SKIP() << "no tools";
  std::string shown =
      testkit::output_of("llvm-readobj-19 --coff-debug-directory " + built.program.image());
  size_t at = shown.find("PDBGUID: {");
  ASSERT_NE(at, shown.npos);
  std::string guid;
  for (char c : shown.substr(at + 10, 36)) {
    if (c != '-') guid += c;
  }
  EXPECT_EQ(debug_id_of(*built.files.pdb), guid + "1");
}

TEST(Pdb, places_variables) {
  WithPdb built({.flags = "-O0"});
  if (!built.symbols) GTEST_SKIP() << "no clang-19 or lld-19";
  auto total = built.symbols->find("?total@Guild@game@@QEAAHH@Z");
  ASSERT_TRUE(total);
  FrameAccess frame{.reg = [](snapshot::Register) { return std::optional<uint64_t>(0x10000); }};
  // Behind the prologue, in the loop's block.
  auto variables = built.symbols->types()->variables_at(*total + 0x40, frame);
  std::map<std::string, Variable> by_name;
  for (const Variable& v : variables) by_name[v.name] = v;
  ASSERT_TRUE(by_name.contains("this") && by_name.contains("n") && by_name.contains("sum"));
  EXPECT_TRUE(by_name["this"].is_artificial);
  EXPECT_TRUE(by_name["n"].is_parameter);
  EXPECT_FALSE(by_name["sum"].is_parameter);
  EXPECT_EQ(by_name["n"].place.kind, Place::Kind::memory);
  EXPECT_EQ(built.symbols->types()->type(by_name["sum"].type).name, "int");
  const TypeReader& types = *built.symbols->types();
  EXPECT_EQ(types.type(types.resolve(types.type(by_name["this"].type).target)).name, "game::Guild");
}

TEST(Pdb, tells_what_a_function_returns) {
  WithPdb built({.flags = "-O0"});
  if (!built.symbols) GTEST_SKIP() << "no clang-19 or lld-19";
  auto total = built.symbols->find("?total@Guild@game@@QEAAHH@Z");
  ASSERT_TRUE(total);
  const TypeReader& types = *built.symbols->types();
  EXPECT_EQ(types.type(types.result_type(*total)).name, "int");
  EXPECT_FALSE(types.result_type(Rva{0xfffffff0}));
}

TEST(Pdb, tells_where_the_sources_are) {
  testkit::TemporaryFolder folder;
  const std::string json = folder.file("link.json"), index = folder.file("srcsrv.txt");
  testkit::write_file(json, R"({"documents": {"*": "https://git.example.com/4f2a/*"}})");
  testkit::write_file(index,
                      "SRCSRV: ini ---\nVERSION=2\nSRCSRV: variables ---\n"
                      "SRCSRVTRG=https://svn.example.com/%var2%\nSRCSRV: source files ---\n"
                      "C:\\src\\guild.cpp*trunk/guild.cpp\nSRCSRV: end ---\n");
  auto place = [](const WithPdb& built, std::string_view file) {
    return built.symbols->source_place(file);
  };
  WithPdb linked({.link_flags = "/pdbstream:sourcelink=" + json});
  if (!linked.symbols) GTEST_SKIP() << "no clang-19 or lld-19";
  auto frames = linked.symbols->frames_at(*linked.symbols->find("entry"));
  ASSERT_FALSE(frames.empty());
  EXPECT_THAT(place(linked, frames[0].file).url,
              testing::AllOf(testing::StartsWith("https://git.example.com/4f2a/"),
                             testing::EndsWith("/app.cc")));
  WithPdb indexed({.link_flags = "/pdbstream:srcsrv=" + index});
  EXPECT_EQ(place(indexed, "c:/src/Guild.cpp").url, "https://svn.example.com/trunk/guild.cpp");
  EXPECT_EQ(place(indexed, "").url, "");
  WithPdb both({.link_flags = "/pdbstream:srcsrv=" + index + " /pdbstream:sourcelink=" + json});
  EXPECT_THAT(place(both, frames[0].file).url, testing::StartsWith("https://git.example.com/"));
  WithPdb plain({});
  EXPECT_TRUE(place(plain, frames[0].file).url.empty());
}

TEST(Pdb, damaged_says_why_and_does_not_stop_the_others) {
  testkit::TemporaryFolder folder;
  testkit::write_file(folder.file("bad.pdb"), "Microsoft C/C++ program database 2.00\r\n");
  locate::ModuleFiles files;
  files.pdb = map_file(folder.file("bad.pdb"));
  auto symbols = ModuleSymbols::open(files, kArch, {.use_cache = false});
  EXPECT_TRUE(symbols->frames_at({0x1000}).empty());
  ASSERT_EQ(symbols->warnings().size(), 1u);
  EXPECT_THAT(symbols->warnings()[0].what, HasSubstr("a PDB of the old format 2.00"));
}

TEST(Map, names_public_symbols) {
  for (const char* target : {"x86_64-pc-windows-msvc", "x86_64-w64-windows-gnu"}) {
    WindowsProgram program({.target = target});
    if (!program.made()) GTEST_SKIP() << "no clang-19 or lld-19";
    const bool is_gnu = std::string_view(target).ends_with("gnu");
    locate::ModuleFiles files;
    files.map = map_file(program.map());
    files.pe = std::make_shared<TestImage>(map_file(program.image()));
    // DWARF would know better.
    if (is_gnu) files.pe = nullptr;
    auto symbols = ModuleSymbols::open(files, kArch, {.use_cache = false});
    const char* name = is_gnu ? "game::Guild::total(int)" : "?total@Guild@game@@QEAAHH@Z";
    auto total = symbols->find(name);
    ASSERT_TRUE(total) << target;
    auto frames = symbols->frames_at(*total + 5);
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(frames[0].function, "game::Guild::total(int)");
    EXPECT_FALSE(frames[0].is_export);
    if (is_gnu) continue;
    locate::ModuleFiles with_pdb;
    with_pdb.pdb = map_file(program.pdb());
    EXPECT_EQ(ModuleSymbols::open(with_pdb, kArch, {.use_cache = false})->find(name), total);
  }
}

TEST(Exports, are_the_last_resort_and_labelled) {
  WindowsProgram program(WindowsBuild{});
  if (!program.made()) GTEST_SKIP() << "no clang-19 or lld-19";
  auto image = std::make_shared<TestImage>(map_file(program.image()));
  image->exports_ = {{.name = "entry", .ordinal = 1, .rva = {0x1100}},
                     {.name = {}, .ordinal = 7, .rva = {0x1180}}};
  locate::ModuleFiles files;
  files.pe = image;
  auto symbols = ModuleSymbols::open(files, kArch, {.use_cache = false});
  auto frames = symbols->frames_at({0x1104});
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].function, "entry");
  EXPECT_TRUE(frames[0].is_export);
  EXPECT_EQ(symbols->frames_at({0x1190})[0].function, "Ordinal7");
  EXPECT_TRUE(symbols->frames_at({0x1000}).empty());
}

TEST(Pdb, tells_the_size_of_frames) {
  const std::string path = "../shared/fixtures/lldb-windows-x64/sigsegv.pdb";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no fixtures";
  locate::ModuleFiles files;
  files.pdb = map_file(path);
  auto rules = read_frame_rules(files);
  ASSERT_TRUE(rules);
  // llvm-pdbutil: `crash` is at 0x10b0, 69 bytes, its body from 8 to 64, a frame of 40 bytes.
  const auto* frame = rules->cfi_at(0x10d9);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->begin, 0x10b8u);
  EXPECT_EQ(frame->size, 56u);
  EXPECT_EQ(frame->rules, ".cfa: $rsp 48 + .ra: .cfa 8 - ^");
  EXPECT_FALSE(rules->cfi_at(0x10b4)) << "the prologue has not made the frame yet";
}

TEST(Demangle, names_of_msvc_without_what_goes_without_saying) {
  EXPECT_EQ(demangle("?total@Guild@game@@QEAAHH@Z"), "game::Guild::total(int)");
  EXPECT_EQ(demangle("??0Guild@game@@QEAA@XZ"), "game::Guild::Guild(void)");
  EXPECT_EQ(demangle("?sink@game@@3HC"), "game::sink");
  EXPECT_EQ(demangle("??_7Guild@game@@6B@"), "const game::Guild::`vftable'");
  EXPECT_EQ(demangle("__imp_?f@@YAHXZ"), "__imp_f(void)");
  EXPECT_EQ(demangle("?nope"), "?nope");
  EXPECT_EQ(demangle("_BaseProcessStart@4"), "BaseProcessStart");
  EXPECT_EQ(demangle("@fast@8"), "fast");
  EXPECT_EQ(demangle("_main"), "_main");
  EXPECT_EQ(demangle("_read@GLIBC_2"), "_read@GLIBC_2");
}

}  // namespace
}  // namespace inquest::symbols
