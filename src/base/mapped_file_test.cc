#include "base/mapped_file.h"

#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

namespace inquest {
namespace {

TEST(MappedFile, MapsAFile) {
  std::string path = testing::TempDir() + "inquest_mapped_" + std::to_string(getpid());
  std::ofstream(path) << "hello";
  auto file = MappedFile::open(path);
  ASSERT_TRUE(file) << file.error().line();
  EXPECT_EQ((*file)->bytes().size(), 5u);
  EXPECT_EQ((*file)->path(), path);
  std::ofstream(path, std::ios::trunc).flush();
  auto empty = MappedFile::open(path);
  ASSERT_TRUE(empty);
  EXPECT_TRUE((*empty)->bytes().empty());
  unlink(path.c_str());
}

TEST(MappedFile, SaysWhyItCannot) {
  auto missing = MappedFile::open("/nonexistent/core");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().line().find("/nonexistent/core"), std::string::npos);
  auto folder = MappedFile::open("/");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().what, "is a directory");
  EXPECT_FALSE(MappedFile::open("/dev/null"));
}

}  // namespace
}  // namespace inquest
