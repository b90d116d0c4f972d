#include "locate/windows_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "locate/test_windows.h"

namespace inquest::locate {
namespace {

using testing::HasSubstr;
using testkit::TemporaryFolder;
using testkit::write_file;

/// Every layout of a symbols' folder that people have.
class WindowsLayout : public testing::TestWithParam<const char*> {};

TEST_P(WindowsLayout, IsFound) {
  TemporaryFolder folder;
  std::string place = GetParam();
  if (size_t at = place.find("ID"); at != place.npos) place.replace(at, 2, kId);
  if (size_t at = place.find("id"); at != place.npos) place.replace(at, 2, lower_case(kId));
  write_file(folder / place, testkit::pdb_file({}));
  if (place.starts_with("cr/")) write_file(folder / "index2.txt", "");
  ModuleFiles files = find_windows(windows_snapshot(), folder_options({folder.path()}));
  ASSERT_TRUE(files.pdb) << files.note;
  EXPECT_EQ(files.availability, Availability::full);
  EXPECT_EQ(files.from, folder / place);
  EXPECT_EQ(files.note, "");
}
INSTANTIATE_TEST_SUITE_P(Layouts, WindowsLayout,
                         testing::Values("crash.pdb", "Crash.PDB", "crash.pdb/ID/crash.pdb",
                                         "crash.pdb/id/crash.pdb", "cr/crash.pdb/ID/crash.pdb",
                                         "builds/7/x64/crash.pdb", "renamed-by-ci.pdb"));

TEST(WindowsSearch, TakesImageAndPdbFromAStore) {
  TemporaryFolder store;
  write_file(store / "pingme.txt", "");
  write_file(store / fmt::format("crash.pdb/{}/crash.pdb", kId), testkit::pdb_file({}));
  write_file(store / fmt::format("crash.exe/{}/crash.exe", kImageId), testkit::pe_image({}));
  ModuleFiles files = find_windows(windows_snapshot(), folder_options({store.path()}));
  EXPECT_TRUE(files.pdb);
  ASSERT_TRUE(files.pe);
  EXPECT_EQ(files.pe->timestamp(), 0x5ab38077u);
  EXPECT_TRUE(files.warnings.empty());
}

TEST(WindowsSearch, RefusesThePdbOfAnotherBuild) {
  TemporaryFolder folder;
  write_file(folder / "crash.pdb", testkit::pdb_file({.build = {.age = 2}}));
  ModuleFiles files = find_windows(windows_snapshot(), folder_options({folder.path()}));
  EXPECT_FALSE(files.pdb);
  EXPECT_EQ(files.availability, Availability::mismatched);
  EXPECT_THAT(files.note, HasSubstr("3249D99D0C4049318610F4E4FB0B69362"));
  EXPECT_THAT(files.note, HasSubstr(std::string(kId)));
  ASSERT_EQ(files.warnings.size(), 1u);
  EXPECT_THAT(files.warnings[0].what, HasSubstr("another build"));
  EXPECT_THAT(files.warnings[0].advice, HasSubstr("symbols find"));
}

TEST(WindowsSearch, FindsTheRightPdbBehindAWrongOne) {
  TemporaryFolder folder;
  write_file(folder / "crash.pdb", testkit::pdb_file({.build = {.age = 2}}));
  write_file(folder / "old/crash.pdb", testkit::pdb_file({}));
  ModuleFiles files = find_windows(windows_snapshot(), folder_options({folder.path()}));
  EXPECT_EQ(files.from, folder / "old/crash.pdb");
  EXPECT_THAT(files.note, HasSubstr("not used"));
}

TEST(WindowsSearch, LooksBesideTheDump) {
  TemporaryFolder folder;
  write_file(folder / "crash.pdb", testkit::pdb_file({}));
  write_file(folder / "CRASH.EXE", testkit::pe_image({}));
  Options options = folder_options({});
  options.system_paths = true;
  ModuleFiles files = find_windows(windows_snapshot(folder / "a.dmp"), options);
  EXPECT_TRUE(files.pdb);
  EXPECT_TRUE(files.pe);
}

TEST(WindowsSearch, FollowsWinesPaths) {
  TemporaryFolder folder;
  write_file(folder / "bin/crash.exe", testkit::pe_image({}));
  write_file(folder / "obj/crash.pdb", testkit::pdb_file({}));
  snapshot::Snapshot snapshot = windows_snapshot();
  std::string drive = "Z:" + folder.path();
  std::ranges::replace(drive, '/', '\\');
  snapshot.modules[0].path = drive + "\\bin\\crash.exe";
  snapshot.modules[0].identity.debug_file = drive + "\\obj\\crash.pdb";
  Options options = folder_options({});
  options.system_paths = true;
  ModuleFiles files = find_windows(snapshot, options);
  EXPECT_TRUE(files.pdb);
  EXPECT_TRUE(files.pe);
}

TEST(WindowsSearch, TakesTheIdFromTheImageWhereTheDumpHasNone) {
  TemporaryFolder folder;
  write_file(folder / "crash.exe", testkit::pe_image({}));
  write_file(folder / "crash.pdb", testkit::pdb_file({}));
  snapshot::Snapshot snapshot = windows_snapshot();
  snapshot.modules[0].identity.debug_id.reset();
  snapshot.modules[0].identity.debug_file.clear();
  EXPECT_TRUE(find_windows(snapshot, folder_options({folder.path()})).pdb);
  snapshot.modules[0].identity.timestamp = 1;
  ModuleFiles other = find_windows(snapshot, folder_options({folder.path()}));
  EXPECT_FALSE(other.pdb);
  EXPECT_EQ(other.availability, Availability::mismatched);
}

TEST(WindowsSearch, ReadsBreakpadsLayout) {
  TemporaryFolder folder;
  write_file(folder / fmt::format("crash.pdb/{}/crash.sym", kId), sym_text());
  ModuleFiles files = find_windows(windows_snapshot(), folder_options({folder.path()}));
  EXPECT_TRUE(files.sym);
  EXPECT_EQ(files.availability, Availability::full);

  TemporaryFolder flat;
  write_file(flat / "crash.sym",
             fmt::format("MODULE windows x86 {} crash.pdb\nPUBLIC 1 0 f\n", kId));
  ModuleFiles publics = find_windows(windows_snapshot(), folder_options({flat.path()}));
  EXPECT_TRUE(publics.sym);
  EXPECT_EQ(publics.availability, Availability::public_only);

  write_file(flat / "crash.sym", sym_text("0249D99D0C4049318610F4E4FB0B69361"));
  EXPECT_EQ(find_windows(windows_snapshot(), folder_options({flat.path()})).availability,
            Availability::mismatched);
}

TEST(WindowsSearch, TakesAMapWhenThereIsNothingElse) {
  TemporaryFolder folder;
  write_file(folder / "crash.map", " crash\n\n Timestamp is 5ab38077 (Thu Mar 22 2018)\n");
  ModuleFiles files = find_windows(windows_snapshot(), folder_options({folder.path()}));
  EXPECT_TRUE(files.map);
  EXPECT_EQ(files.availability, Availability::public_only);
  EXPECT_THAT(files.note, HasSubstr("time stamp"));

  write_file(folder / "crash.map", "Archive member included to satisfy reference\n");
  files = find_windows(windows_snapshot(), folder_options({folder.path()}));
  EXPECT_TRUE(files.map);
  EXPECT_THAT(files.note, HasSubstr("no time stamp to verify"));

  write_file(folder / "crash.map", " crash\n\n Timestamp is 5ab38078 (Thu Mar 22 2018)\n");
  files = find_windows(windows_snapshot(), folder_options({folder.path()}));
  EXPECT_FALSE(files.map);
  EXPECT_EQ(files.availability, Availability::mismatched);
}

// ---- protectors ---------------------------------------------------------------------------------

snapshot::Snapshot protected_snapshot() {
  snapshot::Snapshot snapshot = windows_snapshot();
  snapshot.modules[0].identity.debug_id = "000000000000000000000000000000001";
  return snapshot;
}

TEST(WindowsSearch, PairsARewrittenExecutableByTimeStampAndSize) {
  TemporaryFolder folder;
  write_file(folder / "build/crash.exe", testkit::pe_image({}));
  write_file(folder / "build/crash.pdb", testkit::pdb_file({}));
  ModuleFiles files = find_windows(protected_snapshot(), folder_options({folder.path()}));
  ASSERT_TRUE(files.pdb) << files.note;
  EXPECT_EQ(files.availability, Availability::full);
  EXPECT_THAT(files.note, HasSubstr("paired by time stamp 5AB38077 and size"));
  EXPECT_THAT(files.note, HasSubstr(std::string(kId)));
  for (const Warning& warning : files.warnings) EXPECT_THAT(warning.what, Not(HasSubstr("alone")));
}

TEST(WindowsSearch, PairsByTheTimeStampAloneAndDoubtsIt) {
  TemporaryFolder store;
  write_file(store / "pingme.txt", "");
  write_file(store / "crash.exe/5AB380777000/crash.exe", testkit::pe_image({.image_size = 0x7000}));
  write_file(store / fmt::format("crash.pdb/{}/crash.pdb", kId), testkit::pdb_file({}));
  ModuleFiles files = find_windows(protected_snapshot(), folder_options({store.path()}));
  ASSERT_TRUE(files.pdb) << files.note;
  EXPECT_FALSE(files.pe);
  EXPECT_THAT(files.note, HasSubstr("less sure"));
  ASSERT_FALSE(files.warnings.empty());
  EXPECT_THAT(files.warnings[0].what, HasSubstr("time stamp alone"));
}

TEST(WindowsSearch, PairsWithNoneOfSeveralBuilds) {
  TemporaryFolder folder;
  testkit::BuildName second{.guid = "1149D99D0C4049318610F4E4FB0B6936"};
  write_file(folder / "1/crash.exe", testkit::pe_image({}));
  write_file(folder / "1/crash.pdb", testkit::pdb_file({}));
  write_file(folder / "2/crash.exe", testkit::pe_image({.build = second}));
  write_file(folder / "2/crash.pdb", testkit::pdb_file({.build = second}));
  ModuleFiles files = find_windows(protected_snapshot(), folder_options({folder.path()}));
  EXPECT_FALSE(files.pdb);
  EXPECT_THAT(files.note, HasSubstr("2 known builds"));
}

TEST(WindowsSearch, PairsNothingByAnEmptyTimeStamp) {
  TemporaryFolder folder;
  write_file(folder / "crash.exe", testkit::pe_image({.timestamp = 0, .image_size = 0x7000}));
  write_file(folder / "crash.pdb", testkit::pdb_file({}));
  snapshot::Snapshot snapshot = protected_snapshot();
  snapshot.modules[0].identity.timestamp = 0;
  EXPECT_FALSE(find_windows(snapshot, folder_options({folder.path()})).pdb);
}

// ---- hostile dumps ------------------------------------------------------------------------------

TEST(WindowsSearch, LeavesItsFoldersForNoName) {
  TemporaryFolder folder;
  write_file(folder / "secret.pdb", testkit::pdb_file({}));
  write_file(folder / "store/pingme.txt", "");
  for (const char* name : {"..\\secret.pdb", "../secret.pdb", "..", ".", "", "a:b.pdb", "\n.pdb"}) {
    snapshot::Snapshot snapshot = windows_snapshot();
    snapshot.modules[0].identity.debug_file = name;
    snapshot.modules[0].path = name;
    ModuleFiles files = find_windows(snapshot, folder_options({folder / "store"}));
    EXPECT_FALSE(files.pdb) << name;
  }
  EXPECT_FALSE(pdb_key("a.pdb", "../../x"));
  EXPECT_FALSE(pdb_key("a.pdb", ""));
}

TEST(WindowsSearch, SaysWhatIsMissing) {
  ModuleFiles files = find_windows(windows_snapshot(), folder_options({}));
  EXPECT_EQ(files.availability, Availability::none);
  ASSERT_EQ(files.warnings.size(), 1u);
  EXPECT_THAT(files.warnings[0].what, HasSubstr("crash.exe (PDB " + std::string(kId) + ")"));
}

TEST(WindowsSearch, FindsTheRealOnes) {
  std::string folder = "../shared/fixtures";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no fixtures here";
  snapshot::Snapshot snapshot = windows_snapshot(folder + "/sentry-windows-x86/windows.dmp");
  snapshot.arch = snapshot::Arch::x86;
  Options options = folder_options({folder + "/breakpad-x86/symbols"});
  options.system_paths = true;
  ModuleFiles files = find_windows(snapshot, options);
  EXPECT_TRUE(files.pdb) << files.note;
  snapshot.modules[0].identity.debug_id = "5A9832E5287241C1838ED98914E9B7FF1";
  snapshot.modules[0].identity.debug_file = "c:\\test_app.pdb";
  EXPECT_TRUE(find_windows(snapshot, options).sym);
}

// ---- Breakpad on Linux --------------------------------------------------------------------------

TEST(Breakpad, MakesTheIdOfABuildId) {
  std::vector<std::byte> id;
  for (int i = 1; i <= 20; ++i) id.push_back(std::byte(i));
  EXPECT_EQ(breakpad_id(id), "0403020106050807090A0B0C0D0E0F100");
  EXPECT_EQ(breakpad_id({}), "");
}

TEST(Breakpad, TextIsFoundByTheBuildId) {
  TemporaryFolder folder;
  snapshot::Snapshot snapshot;
  snapshot::Module module;
  module.path = "/opt/game/lobby";
  module.range = {{0x400000}, {0x500000}};
  for (int i = 1; i <= 20; ++i) module.identity.build_id.push_back(std::byte(i));
  snapshot.modules.push_back(module);
  std::string id = breakpad_id(module.identity.build_id);
  write_file(folder / fmt::format("lobby/{}/lobby.sym", id),
             fmt::format("MODULE Linux x86_64 {} lobby\nFILE 0 a.cc\n", id));
  ModuleFiles files = find_windows(snapshot, folder_options({folder.path()}));
  EXPECT_TRUE(files.sym) << files.note;
  EXPECT_EQ(files.availability, Availability::full);
  // Older writers record only the id.
  snapshot.modules[0].identity = {.debug_id = id, .debug_file = "lobby"};
  EXPECT_TRUE(find_windows(snapshot, folder_options({folder.path()})).sym);
}

}  // namespace
}  // namespace inquest::locate
