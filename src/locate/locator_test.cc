#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "locate/identity.h"
#include "locate/test_builds.h"

namespace inquest::locate {
namespace {

using testing::HasSubstr;
using testkit::TemporaryFolder;

Options isolated() {
  Options options;
  options.system_paths = false;
  return options;
}

std::string id_of(const snapshot::Snapshot& snapshot) {
  return snapshot.modules[0].identity.text();
}

TEST(Locator, TakesTheRecordedPath) {
  SKIP_WITHOUT_COMPILER();
  std::string path = Builds::get()->folder() / "app";
  ModuleFiles files = find_with(snapshot_of("app", path), {});
  EXPECT_EQ(files.availability, Availability::full);
  EXPECT_EQ(files.from, path);
  EXPECT_EQ(files.image, files.debug);
  EXPECT_EQ(files.image, files.symtab);
  EXPECT_EQ(files.note, "");
  EXPECT_TRUE(files.warnings.empty());
}

TEST(Locator, RefusesAnotherBuild) {
  SKIP_WITHOUT_COMPILER();
  std::string path = Builds::get()->folder() / "other";
  snapshot::Snapshot snapshot = snapshot_of("app", path);
  ModuleFiles files = find_with(snapshot, {});
  EXPECT_EQ(files.availability, Availability::mismatched);
  EXPECT_FALSE(files.image || files.debug || files.symtab);
  EXPECT_THAT(files.note, HasSubstr(path));
  EXPECT_THAT(files.note, HasSubstr(id_of(snapshot)));
  EXPECT_THAT(files.note, HasSubstr(id_of(snapshot_of("other", path))));
  ASSERT_EQ(files.warnings.size(), 1u);
  EXPECT_THAT(files.warnings[0].advice, HasSubstr("--symbols"));
}

TEST(Locator, FindsTheRightBuildBehindAWrongOne) {
  SKIP_WITHOUT_COMPILER();
  TemporaryFolder dir;
  put("other", dir / "app");
  put("app", dir / "deep/er/renamed");
  Options options;
  options.symbols = {dir.path()};
  ModuleFiles files = find_with(snapshot_of("app", dir / "app"), options);
  EXPECT_EQ(files.availability, Availability::full);
  EXPECT_EQ(files.from, dir / "deep/er/renamed");
  EXPECT_THAT(files.note, HasSubstr("not used"));
}

TEST(Locator, SaysHowToSupplyWhatIsMissing) {
  SKIP_WITHOUT_COMPILER();
  snapshot::Snapshot snapshot = snapshot_of("app", "/gone/app");
  ModuleFiles files = find_with(snapshot, {});
  EXPECT_EQ(files.availability, Availability::none);
  ASSERT_EQ(files.warnings.size(), 1u);
  EXPECT_THAT(files.warnings[0].what, HasSubstr("app (build id " + id_of(snapshot) + ")"));
  EXPECT_THAT(files.warnings[0].advice, HasSubstr("DEBUGINFOD_URLS"));
}

/// Every layout of a symbols' folder that people have.
class SymbolLayout : public testing::TestWithParam<const char*> {};

TEST_P(SymbolLayout, IsFound) {
  SKIP_WITHOUT_COMPILER();
  TemporaryFolder images, symbols;
  put("stripped", images / "bin/app");
  snapshot::Snapshot snapshot = snapshot_of("app", images / "bin/app");
  std::string id = id_of(snapshot), place = GetParam();
  auto replace = [&](const std::string& what, const std::string& with) {
    if (auto at = place.find(what); at != place.npos) place.replace(at, what.size(), with);
  };
  replace("AB", id.substr(0, 2));
  replace("CDEF", id.substr(2));
  replace("ID", id);
  replace("/PATH", images / "bin/app");
  put("app.debug", symbols.path() + place);
  Options options;
  options.symbols = {symbols.path()};
  ModuleFiles files = find_with(snapshot, options);
  EXPECT_EQ(files.availability, Availability::full);
  EXPECT_EQ(files.from, symbols.path() + place);
  ASSERT_TRUE(files.image);
  EXPECT_EQ(files.image->path(), images / "bin/app");
  EXPECT_EQ(files.symtab, files.debug);
}

INSTANTIATE_TEST_SUITE_P(Layouts, SymbolLayout,
                         testing::Values("/.build-id/AB/CDEF.debug", "/AB/CDEF.debug", "/app",
                                         "/app.debug", "/PATH", "/PATH.debug", "/ID/debuginfo",
                                         "/any/place/whatever.bin"));

TEST(Locator, TakesImagesFromASysroot) {
  SKIP_WITHOUT_COMPILER();
  TemporaryFolder root;
  put("stripped", root / "opt/game/app");
  put("app.debug", root / "symbols/app.debug");
  Options options = isolated();
  options.images = {root.path()};
  options.symbols = {root / "symbols"};
  ModuleFiles files = find_with(snapshot_of("app", "/opt/game/app"), options);
  ASSERT_TRUE(files.image);
  EXPECT_EQ(files.image->path(), root / "opt/game/app");
  EXPECT_EQ(files.availability, Availability::full);
}

TEST(Locator, TakesAnUnstrippedImageFromTheSymbols) {
  SKIP_WITHOUT_COMPILER();
  TemporaryFolder symbols;
  put("app", symbols / "app");
  Options options = isolated();
  options.symbols = {symbols.path()};
  ModuleFiles files = find_with(snapshot_of("app", "/gone/app"), options);
  EXPECT_EQ(files.image, files.debug);
  EXPECT_TRUE(files.image);
}

TEST(Locator, NamesFunctionsWithoutDebugInformation) {
  SKIP_WITHOUT_COMPILER();
  TemporaryFolder dir;
  put("app", dir / "app");
  ASSERT_TRUE(testkit::run("objcopy -g " + (dir / "app")));
  ModuleFiles files = find_with(snapshot_of("app", dir / "app"), {});
  EXPECT_EQ(files.availability, Availability::public_only);
  EXPECT_EQ(files.symtab, files.image);
  EXPECT_FALSE(files.debug);
}

TEST(Locator, UsesTheSystemsDebugFolder) {
  SKIP_WITHOUT_COMPILER();
  TemporaryFolder dir, debug;
  put("stripped", dir / "app");
  snapshot::Snapshot snapshot = snapshot_of("app", dir / "app");
  std::string id = id_of(snapshot);
  put("app.debug", debug / ".build-id/" + id.substr(0, 2) + "/" + id.substr(2) + ".debug");
  Options options;
  options.debug_root = debug.path();
  EXPECT_EQ(find_with(snapshot, options).availability, Availability::full);
  options.system_paths = false;
  EXPECT_EQ(find_with(snapshot, options).availability, Availability::none);
}

/// Where .gnu_debuglink leads, for images with a build id and without.
class DebugLink : public testing::TestWithParam<bool> {};

TEST_P(DebugLink, IsFollowedToAllItsPlaces) {
  SKIP_WITHOUT_COMPILER();
  bool with_id = GetParam();
  std::string image = with_id ? "linked/app" : "noid.linked";
  std::string debug = with_id ? "app.debug" : "noid.debug";
  for (std::string place : {"IMAGE/", "IMAGE/.debug/", "ROOT"}) {
    TemporaryFolder dir, root;
    put(image, dir / "bin/app");
    std::string folder = place == "IMAGE/"          ? dir / "bin/"
                         : place == "IMAGE/.debug/" ? dir / "bin/.debug/"
                                                    : root.path() + dir.path() + "/bin/";
    put(debug, folder + debug);
    Options options;
    options.debug_root = root.path();
    ModuleFiles files = find_with(snapshot_of(image, dir / "bin/app", with_id, !with_id), options);
    EXPECT_EQ(files.availability, Availability::full) << place << ": " << files.note;
    EXPECT_EQ(files.from, folder + debug);
  }
}
INSTANTIATE_TEST_SUITE_P(BuildId, DebugLink, testing::Bool());

TEST(Locator, ChecksTheCrcOfADebugLink) {
  SKIP_WITHOUT_COMPILER();
  TemporaryFolder dir;
  put("noid.linked", dir / "app");
  put("noid.debug", dir / "noid.debug");
  ASSERT_TRUE(testkit::run("printf x >> " + (dir / "noid.debug")));
  ModuleFiles files = find_with(snapshot_of("noid", dir / "app", false, false), {});
  EXPECT_NE(files.availability, Availability::full);
  EXPECT_THAT(files.note, HasSubstr("CRC"));
}

TEST(Locator, SaysWhatItCouldNotVerify) {
  SKIP_WITHOUT_COMPILER();
  std::string path = Builds::get()->folder() / "noid";
  snapshot::Snapshot snapshot = snapshot_of("noid", path, false);
  snapshot.process.time = std::chrono::sys_seconds{std::chrono::seconds{1000}};
  ModuleFiles files = find_with(snapshot, {});
  EXPECT_EQ(files.availability, Availability::full);
  EXPECT_THAT(files.note, HasSubstr("not verified"));
  EXPECT_THAT(files.note, HasSubstr("changed after the process died"));
}

TEST(Locator, ComparesTheDumpedBytesWhereThereIsNoBuildId) {
  SKIP_WITHOUT_COMPILER();
  std::string path = Builds::get()->folder() / "noid";
  ModuleFiles same = find_with(snapshot_of("noid", path, false, true), {});
  EXPECT_EQ(same.availability, Availability::full);
  EXPECT_EQ(same.note, "");
  // The same header page, but one byte of it differs from the file.
  snapshot::Snapshot changed = snapshot_of("noid", path, false);
  auto page = std::make_shared<std::vector<std::byte>>(4096);
  auto file = elf::File::open(path);
  std::copy_n((*file)->bytes().begin(), 4096, page->begin());
  (*page)[900] ^= std::byte{1};
  changed.memory.add(changed.modules[0].range.begin, *page, snapshot::Origin::dump, page);
  ModuleFiles other = find_with(changed, {});
  EXPECT_EQ(other.availability, Availability::mismatched);
  EXPECT_THAT(other.note, HasSubstr("differs from the bytes in the dump"));
}

TEST(Locator, RefusesAFileThatDoesNotFitTheMapping) {
  SKIP_WITHOUT_COMPILER();
  std::string path = Builds::get()->folder() / "noid";
  snapshot::Snapshot snapshot = snapshot_of("noid", path, false);
  snapshot.modules[0].range.end = snapshot.modules[0].range.begin + (10 << 20);
  EXPECT_EQ(find_with(snapshot, {}).availability, Availability::mismatched);
}

TEST(Locator, UnpacksMiniDebugInfo) {
  SKIP_WITHOUT_COMPILER();
  if (!testkit::has_tool("xz")) GTEST_SKIP() << "no xz here";
  TemporaryFolder dir;
  put("stripped", dir / "app");
  put("app", dir / "mini");
  ASSERT_TRUE(testkit::run("cd " + dir.path() +
                           " && objcopy --only-keep-debug mini m && objcopy -g m && xz m && "
                           "objcopy --add-section .gnu_debugdata=m.xz app"));
  ModuleFiles files = find_with(snapshot_of("app", dir / "app"), {});
  EXPECT_EQ(files.availability, Availability::public_only);
  ASSERT_TRUE(files.symtab);
  bool has_step = false;
  for (const elf::Symbol& s : files.symtab->symbols(2)) has_step |= s.name == "step";
  EXPECT_TRUE(has_step);
  EXPECT_THAT(files.from, HasSubstr(".gnu_debugdata"));
}

TEST(Locator, SurvivesDamagedMiniDebugInfo) {
  SKIP_WITHOUT_COMPILER();
  TemporaryFolder dir;
  put("stripped", dir / "app");
  ASSERT_TRUE(testkit::run("cd " + dir.path() +
                           " && echo rubbish > m && objcopy --add-section .gnu_debugdata=m app"));
  ModuleFiles files = find_with(snapshot_of("app", dir / "app"), {});
  EXPECT_FALSE(files.symtab);
  EXPECT_THAT(files.note, HasSubstr("damaged"));
}

TEST(Locator, FindsTheAlternateFileOfDwz) {
  SKIP_WITHOUT_COMPILER();
  if (!testkit::has_tool("dwz")) GTEST_SKIP() << "no dwz here";
  TemporaryFolder dir;
  // dwz shares what several files have in common, when it is worth it.
  std::string source = "#include <vector>\n#include <string>\n";
  for (int i = 0; i < 3; ++i) {
    testkit::write_file(dir / fmt::format("{}.cc", i),
                        source + fmt::format("int f{}(std::vector<std::string>& v) {{ "
                                             "return v.size(); }}\n",
                                             i));
  }
  ASSERT_TRUE(testkit::run("cd " + dir.path() +
                           " && for i in 0 1 2; do g++ -g -shared -fPIC -Wl,--build-id -o $i.so "
                           "$i.cc || exit 1; done && dwz -m shared.dwz 0.so 1.so 2.so"));
  auto file = elf::File::open(dir / "0.so");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->alt_link());
  snapshot::Snapshot snapshot = snapshot_of("app", dir / "0.so");
  Bytes id = (*file)->build_id();
  snapshot.modules[0].identity.build_id.assign(id.begin(), id.end());
  ModuleFiles files = find_with(snapshot, {});
  ASSERT_TRUE(files.alt) << files.note;
  EXPECT_EQ(files.alt->path(), dir / "shared.dwz");
  std::filesystem::remove(dir / "shared.dwz");
  ModuleFiles without = find_with(snapshot, {});
  EXPECT_FALSE(without.alt);
  ASSERT_FALSE(without.warnings.empty());
  EXPECT_THAT(without.warnings[0].what, HasSubstr("shared.dwz"));
}

TEST(Locator, FindsTheSystemsLibcWithItsDebugFile) {
  if (!std::filesystem::exists("/usr/lib/debug/.build-id")) GTEST_SKIP() << "no libc6-dbg here";
  auto file = elf::File::open("/lib/x86_64-linux-gnu/libc.so.6");
  if (!file) GTEST_SKIP() << "no such libc here";
  snapshot::Snapshot snapshot;
  snapshot::Module module;
  module.path = "/lib/x86_64-linux-gnu/libc.so.6";
  module.range = {{0x7f0000000000}, {0x7f0000200000}};
  Bytes id = (*file)->build_id();
  module.identity.build_id.assign(id.begin(), id.end());
  snapshot.modules.push_back(module);
  ModuleFiles files = find_with(snapshot, {});
  EXPECT_EQ(files.availability, Availability::full) << files.note;
  EXPECT_THAT(files.from, HasSubstr("/usr/lib/debug/.build-id/"));
  EXPECT_NE(files.image, files.debug);
}

TEST(Locator, OpensNoDeviceThatADumpNames) {
  for (const char* path : {"/dev/zero", "/dev/stdin", "/", "/proc/self/mem", ""}) {
    snapshot::Snapshot snapshot;
    snapshot::Module module;
    module.path = path;
    module.range = {{0x400000}, {0x401000}};
    snapshot.modules.push_back(module);
    ModuleFiles files = find_with(snapshot, {});
    EXPECT_FALSE(files.image) << path;
  }
}

TEST(Locator, ReadsTheVdsoFromTheDump) {
  SKIP_WITHOUT_COMPILER();
  snapshot::Snapshot snapshot = snapshot_of("app", "[vdso]", true, false);
  auto file = elf::File::open(Builds::get()->folder() / "app");
  snapshot.modules[0].is_vdso = true;
  snapshot.modules[0].range.end = snapshot.modules[0].range.begin + (*file)->bytes().size();
  EXPECT_FALSE(find_with(snapshot, {}).image);
  snapshot.memory.add(snapshot.modules[0].range.begin, (*file)->bytes(), snapshot::Origin::dump,
                      *file);
  ModuleFiles files = find_with(snapshot, {});
  EXPECT_TRUE(files.image);
  EXPECT_EQ(files.from, "the dump");
}

}  // namespace
}  // namespace inquest::locate
