#include "format/pe/identity.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/mapped_file.h"
#include "testkit/shell.h"
#include "testkit/windows_files.h"

namespace inquest::pe {
namespace {

using testing::HasSubstr;

Bytes as_bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(PeIdentity, ReadsBothWidths) {
  for (uint16_t machine : {uint16_t{0x14c}, uint16_t{0x8664}, uint16_t{0xaa64}}) {
    std::string file = testkit::pe_image({.machine = machine, .build = {.age = 0x2b}});
    auto identity = read_identity(as_bytes(file), "a.exe");
    ASSERT_TRUE(identity) << identity.error().line();
    EXPECT_EQ(identity->machine, machine);
    EXPECT_EQ(identity->store_id(), "5AB380779000");
    EXPECT_EQ(identity->checksum, 0x1234u);
    EXPECT_EQ(identity->debug_id, "3249D99D0C4049318610F4E4FB0B69362B");
    EXPECT_EQ(identity->pdb, "C:\\build\\crash.pdb");
  }
}

TEST(PeIdentity, DoesWithoutCodeView) {
  std::string file = testkit::pe_image({.has_codeview = false});
  auto identity = read_identity(as_bytes(file), "a.exe");
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->debug_id, "");
}

TEST(PeIdentity, SurvivesEveryCut) {
  std::string file = testkit::pe_image({});
  for (size_t n = 0; n < file.size(); ++n) {
    std::string cut = file.substr(0, n);
    auto identity = read_identity(as_bytes(cut), "a.exe");
    if (n < 200) {
      EXPECT_FALSE(identity) << n;
    } else if (identity && n < 0x200 + 28 + 24) {
      EXPECT_EQ(identity->debug_id, "") << n;
    }
  }
  EXPECT_FALSE(read_identity(as_bytes("MZ" + std::string(100, '\xff')), "a.exe"));
}

TEST(PeIdentity, AgreesWithLlvm) {
  if (!testkit::has_tool("llvm-readobj-19")) GTEST_SKIP() << "no llvm-readobj here";
  testkit::TemporaryFolder folder;
  testkit::write_file(folder / "a.exe", testkit::pe_image({}));
  auto witness = testkit::run_command("llvm-readobj-19 --file-headers --coff-debug-directory " +
                                      (folder / "a.exe"));
  EXPECT_THAT(witness.output, HasSubstr("0x5AB38077"));
  EXPECT_THAT(witness.output, HasSubstr("SizeOfImage: 36864"));
  EXPECT_THAT(witness.output, HasSubstr("C:\\build\\crash.pdb"));
}

TEST(PeIdentity, ReadsARealImage) {
  std::string path = "../shared/fixtures/sentry-windows-x86/crash.exe";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no fixtures here";
  auto mapped = MappedFile::open(path);
  auto identity = read_identity((*mapped)->bytes(), path);
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->debug_id, "3249D99D0C4049318610F4E4FB0B69361");
  EXPECT_EQ(identity->machine, 0x14c);
}

}  // namespace
}  // namespace inquest::pe
