#include "base/quantities.h"

#include <gtest/gtest.h>

namespace inquest {
namespace {

TEST(Quantities, SizesHaveADecimalOnlyWhereItTells) {
  EXPECT_EQ(size_text(0), "0 bytes");
  EXPECT_EQ(size_text(1), "1 byte");
  EXPECT_EQ(size_text(1023), "1023 bytes");
  EXPECT_EQ(size_text(1024), "1 KiB");
  EXPECT_EQ(size_text(1536), "1.5 KiB");
  EXPECT_EQ(size_text(123456), "121 KiB");
  EXPECT_EQ(size_text(1048575), "1 MiB");
  EXPECT_EQ(size_text(8ull << 20), "8 MiB");
  EXPECT_EQ(size_text(~0ull), "16 EiB");
}

TEST(Quantities, CountsHaveCommas) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1000), "1,000");
  EXPECT_EQ(count_text(87381), "87,381");
  EXPECT_EQ(count_text(~0ull), "18,446,744,073,709,551,615");
}

}  // namespace
}  // namespace inquest
