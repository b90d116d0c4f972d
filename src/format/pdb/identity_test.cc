#include "format/pdb/identity.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/mapped_file.h"
#include "testkit/shell.h"
#include "testkit/windows_files.h"

namespace inquest::pdb {
namespace {

using testing::HasSubstr;
using testkit::PdbSpec;

Bytes as_bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(PdbIdentity, IsGuidAndAge) {
  std::string file = testkit::pdb_file({.build = {.age = 0x1a}, .signature = 77});
  auto identity = read_identity(as_bytes(file), "a.pdb");
  ASSERT_TRUE(identity) << identity.error().line();
  EXPECT_EQ(identity->guid, "3249D99D0C4049318610F4E4FB0B6936");
  EXPECT_EQ(identity->debug_id(), "3249D99D0C4049318610F4E4FB0B69361A");
  EXPECT_EQ(identity->signature, 77u);
  EXPECT_TRUE(identity->matches("3249d99d0c4049318610f4e4fb0b69361a"));
  EXPECT_FALSE(identity->matches("3249D99D0C4049318610F4E4FB0B69361B"));
  EXPECT_FALSE(identity->matches(""));
}

TEST(PdbIdentity, TakesTheAgeThatTheImageRepeats) {
  // pdbstr raises the information stream's age when it writes source server data.
  std::string file = testkit::pdb_file({.build = {.age = 2}, .info_age = 5});
  auto identity = read_identity(as_bytes(file), "a.pdb");
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->age, 5u);
  EXPECT_EQ(identity->link_age, 2u);
  EXPECT_EQ(identity->debug_id(), "3249D99D0C4049318610F4E4FB0B69362");
  EXPECT_TRUE(identity->matches("3249D99D0C4049318610F4E4FB0B69365"));
}

TEST(PdbIdentity, ReadsADirectoryOfManyBlocks) {
  for (uint32_t block : {512u, 4096u}) {
    std::string file = testkit::pdb_file({.block_size = block, .more_streams = 5000});
    auto identity = read_identity(as_bytes(file), "a.pdb");
    ASSERT_TRUE(identity) << block;
    EXPECT_EQ(identity->debug_id(), "3249D99D0C4049318610F4E4FB0B69361");
  }
}

TEST(PdbIdentity, DoesWithoutDbiStream) {
  std::string file = testkit::pdb_file({.build = {.age = 3}, .has_dbi = false});
  auto identity = read_identity(as_bytes(file), "a.pdb");
  ASSERT_TRUE(identity);
  EXPECT_FALSE(identity->link_age);
  EXPECT_EQ(identity->debug_id().back(), '3');
}

TEST(PdbIdentity, RefusesWhatIsNone) {
  EXPECT_FALSE(read_identity({}, "a.pdb"));
  auto old = read_identity(as_bytes("Microsoft C/C++ program database 2.00\r\n\032JG"), "a.pdb");
  ASSERT_FALSE(old);
  EXPECT_THAT(old.error().line(), HasSubstr("2.00"));
  std::string file = testkit::pdb_file({});
  file[32] = 3;  // block size 515
  auto odd = read_identity(as_bytes(file), "a.pdb");
  ASSERT_FALSE(odd);
  EXPECT_THAT(odd.error().line(), HasSubstr("a.pdb"));
}

TEST(PdbIdentity, SurvivesEveryCut) {
  std::string file = testkit::pdb_file({.more_streams = 300});
  size_t good = 0;
  for (size_t n = 0; n <= file.size(); n += 7) {
    std::string cut = file.substr(0, n);
    good += read_identity(as_bytes(cut), "a.pdb").has_value();
  }
  EXPECT_LT(good, file.size() / 7);
  EXPECT_TRUE(read_identity(as_bytes(file), "a.pdb"));
}

TEST(PdbIdentity, AgreesWithRealFiles) {
  std::string folder = "../shared/fixtures";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no fixtures here";
  for (auto [path, id] :
       {std::pair{"/sentry-windows-x86/crash.pdb", "3249D99D0C4049318610F4E4FB0B69361"},
        {"/lldb-windows-x64/sigsegv.pdb", ""}}) {
    auto mapped = MappedFile::open(folder + path);
    ASSERT_TRUE(mapped);
    auto identity = read_identity((*mapped)->bytes(), path);
    ASSERT_TRUE(identity) << identity.error().line();
    if (*id) {
      EXPECT_EQ(identity->debug_id(), id);
    }
    if (!testkit::has_tool("llvm-pdbutil-19")) continue;
    auto witness =
        testkit::run_command("llvm-pdbutil-19 dump -summary " + folder + path + " | tr -d '{}-'");
    EXPECT_THAT(witness.output, HasSubstr("GUID: " + identity->guid));
    EXPECT_THAT(witness.output, HasSubstr(fmt::format("Age: {}", identity->age)));
  }
}

}  // namespace
}  // namespace inquest::pdb
