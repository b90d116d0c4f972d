#include "format/elf/file.h"

#include <elf.h>
#include <gtest/gtest.h>

namespace inquest::elf {
namespace {

TEST(ElfFile, ReadsThisProgram) {
  auto file = File::open("/proc/self/exe");
  ASSERT_TRUE(file) << file.error().line();
  EXPECT_TRUE((*file)->is_64());
  EXPECT_EQ((*file)->build_id().size(), 20u);
  EXPECT_FALSE((*file)->symbols(SHT_SYMTAB).empty());
  EXPECT_FALSE((*file)->symbols(SHT_DYNSYM).empty());
  EXPECT_TRUE((*file)->damage().empty());
}

}  // namespace
}  // namespace inquest::elf
