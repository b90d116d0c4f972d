#include "base/cursor.h"

#include <array>
#include <gtest/gtest.h>

namespace inquest {
namespace {

constexpr std::array<unsigned char, 8> kRaw{0x01, 0x02, 0x03, 0x04, 0xe5, 0x8e, 0x26, 0x7f};
Bytes raw() { return std::as_bytes(std::span(kRaw)); }

TEST(Cursor, ReadsLittleEndian) {
  Cursor cursor{raw()};
  EXPECT_EQ(cursor.read<le16>(), 0x0201);
  EXPECT_EQ(cursor.read<be32>(), 0x0304e58eu);
  EXPECT_EQ(cursor.remaining(), 2u);
  EXPECT_TRUE(cursor.finish());
}

TEST(Cursor, ReadsLeb128) {
  Cursor cursor{raw()};
  cursor.seek(4);
  EXPECT_EQ(cursor.uleb128(), 624485u);
  EXPECT_EQ(cursor.sleb128(), -1);
  EXPECT_TRUE(cursor.at_end());
}

TEST(Cursor, KeepsTheBitsOfLongLeb128) {
  std::array<unsigned char, 11> raw;
  raw.fill(0xff);
  raw[9] = 0x01;
  Cursor whole{std::as_bytes(std::span(raw)).first(10)};
  EXPECT_EQ(whole.uleb128(), UINT64_MAX);
  raw[9] = 0xff;
  Cursor endless{std::as_bytes(std::span(raw))};
  endless.uleb128();
  EXPECT_TRUE(endless.failed());
}

TEST(Cursor, FirstErrorSticksWithItsOffset) {
  Cursor cursor{raw(), "table", 0x100};
  cursor.skip(6);
  cursor.read<le32>();
  EXPECT_EQ(cursor.read<u8>(), 0) << "nothing is read after an error";
  cursor.error("another");
  auto finished = cursor.finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().offset, 0x106u);
  EXPECT_EQ(finished.error().stream, "table");
  EXPECT_NE(finished.error().what.find("4 bytes"), std::string::npos);
}

TEST(Cursor, RefusesCountsThatDoNotFit) {
  Cursor cursor{raw()};
  EXPECT_EQ(cursor.count(4), 0u);  // 0x04030201 records
  EXPECT_TRUE(cursor.failed());
  Cursor fitting{raw()};
  EXPECT_TRUE(fitting.fits(2, 4));
  EXPECT_FALSE(fitting.fits(UINT64_MAX / 2, 4));
}

TEST(Cursor, ReadsStringsSeeksAndAligns) {
  Cursor cursor{std::as_bytes(std::span("ab\0cd", 5))};
  EXPECT_EQ(cursor.c_string(), "ab");
  cursor.align(4);
  EXPECT_EQ(cursor.position(), 4u);
  EXPECT_EQ(cursor.c_string(), "");
  EXPECT_TRUE(cursor.failed()) << "no end";
  Cursor past{raw()};
  past.seek(8);
  EXPECT_FALSE(past.failed());
  past.seek(9);
  EXPECT_TRUE(past.failed());
  Cursor empty{Bytes{}};
  EXPECT_EQ(empty.c_string(), "");
  EXPECT_TRUE(empty.failed());
}

TEST(Error, PrintsOneLine) {
  Error error{
      .what = "is cut", .file = "core", .stream = "notes", .offset = 64, .advice = "get the whole"};
  EXPECT_EQ(error.line(), "core: notes at offset 0x40: is cut; get the whole");
}

}  // namespace
}  // namespace inquest
