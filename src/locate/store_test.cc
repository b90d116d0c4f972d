#include "locate/store.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "locate/test_builds.h"
#include "locate/test_windows.h"

namespace inquest::locate {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;
using testkit::TemporaryFolder;
using testkit::write_file;

std::vector<std::string> places(const std::vector<StoredFile>& files) {
  std::vector<std::string> all;
  for (const StoredFile& file : files) all.push_back(file.relative);
  return all;
}

/// A build as CI leaves it.
void fill(const TemporaryFolder& build) {
  write_file(build / "bin/crash.exe", testkit::pe_image({}));
  write_file(build / "bin/crash.pdb", testkit::pdb_file({}));
  write_file(build / "crash.sym", sym_text());
  write_file(build / "readme.txt", "no symbols");
  write_file(build / "broken.pdb", testkit::pdb_file({}).substr(0, 100));
}

TEST(Store, TakesABuildAndServesIt) {
  TemporaryFolder build, root;
  fill(build);
  Store store(root / "store");
  auto added = store.add(build.path());
  ASSERT_TRUE(added) << added.error().line();
  std::string pdb = fmt::format("crash.pdb/{}/", kId);
  EXPECT_THAT(places(added->added),
              UnorderedElementsAre(pdb + "crash.pdb", pdb + "crash.sym",
                                   fmt::format("crash.exe/{}/crash.exe", kImageId)));
  ASSERT_EQ(added->refused.size(), 1u);
  EXPECT_THAT(added->refused[0].path, HasSubstr("broken.pdb"));
  ModuleFiles files = find_windows(windows_snapshot(), folder_options({store.root()}));
  EXPECT_TRUE(files.pdb);
  EXPECT_TRUE(files.pe);

  auto again = store.add(build.path());
  EXPECT_TRUE(again->added.empty());
  EXPECT_EQ(again->present.size(), 3u);
  EXPECT_EQ(store.list()->size(), 3u);
  EXPECT_TRUE(store.check()->empty());
}

TEST(Store, KeepsElfFilesByBuildId) {
  SKIP_WITHOUT_COMPILER();
  TemporaryFolder build, root;
  put("stripped", build / "app");
  put("app.debug", build / "app.debug");
  Store store(root.path());
  auto added = store.add(build.path());
  ASSERT_TRUE(added);
  EXPECT_EQ(added->added.size(), 2u);
  EXPECT_TRUE(store.check()->empty());
  Options options = folder_options({root.path()});
  ModuleFiles files = find_windows(snapshot_of("app", "/gone/app"), options);
  EXPECT_TRUE(files.image);
  EXPECT_EQ(files.availability, Availability::full) << files.note;
}

TEST(Store, IsChecked) {
  TemporaryFolder root;
  std::string pdb = testkit::pdb_file({.block_size = 4096});
  std::string folder = fmt::format("crash.pdb/{}/", kId);
  write_file(root / folder + "crash.pdb", pdb.substr(0, pdb.size() - 1));
  write_file(root / fmt::format("other.pdb/{}/other.pdb", kId),
             testkit::pdb_file({.build = {.age = 3}}));
  write_file(root / folder + "crash.pdb.a1B2c3", "half");
  write_file(root / fmt::format("crash.exe/{}/crash.exe", kImageId), "no image");
  write_file(root / ".missing/server/x/y/z", "");
  write_file(root / fmt::format("good.pdb/{}/good.pdb", kId), pdb);
  auto bad = Store(root.path()).check();
  ASSERT_TRUE(bad);
  std::map<std::string, std::string> problems;
  for (const StoredFile& file : *bad) problems[file.relative] = file.problem;
  EXPECT_EQ(problems.size(), 4u);
  EXPECT_THAT(problems[folder + "crash.pdb"], HasSubstr("cut"));
  EXPECT_THAT(problems[fmt::format("other.pdb/{}/other.pdb", kId)], HasSubstr("is of build"));
  EXPECT_THAT(problems[folder + "crash.pdb.a1B2c3"], HasSubstr("left over"));
  EXPECT_THAT(problems[fmt::format("crash.exe/{}/crash.exe", kImageId)], HasSubstr("is no image"));
}

TEST(Store, SaysWhatIsNoFolder) {
  EXPECT_FALSE(Store("/nonexistent").list());
  TemporaryFolder root;
  EXPECT_FALSE(Store(root.path()).add("/nonexistent"));
}

}  // namespace
}  // namespace inquest::locate
