#include "cause/fault/pointer_bytes.h"

#include <bit>
#include <cstring>
#include <gtest/gtest.h>

namespace inquest::cause {
namespace {

uint64_t text(const char (&eight)[9]) {
  uint64_t value;
  std::memcpy(&value, eight, 8);
  return value;
}

snapshot::Snapshot with_heap() {
  snapshot::Snapshot s;
  s.regions.push_back({.range = {{0x555555570000}, {0x555555600000}},
                       .access = snapshot::Access{true, true, false},
                       .file = "[heap]"});
  return s;
}

std::string words(uint64_t pointer) {
  auto look = look_at(pointer, with_heap());
  return look ? look->what : "";
}

TEST(PointerLook, FindsText) {
  auto look = look_at(text("Dragons "), with_heap());
  ASSERT_TRUE(look);
  EXPECT_TRUE(look->is_text);
  EXPECT_NE(look->what.find("Dragons"), std::string::npos);
  EXPECT_TRUE(look_at(text("hello\0\0\0"), with_heap())->is_text);
}

TEST(PointerLook, FindsWideText) {
  EXPECT_NE(words(0x004c004b004a0049).find("UTF-16 text, \"IJKL\""), std::string::npos);
  EXPECT_NE(words(0x0000004b004a0049).find("UTF-16 text, \"IJK\""), std::string::npos);
  EXPECT_EQ(words(0x0000004b004a0003), "");
}

TEST(PointerLook, FindsTextThatSomethingWasAddedTo) {
  EXPECT_NE(words(0x6a6a6a6a6a6a6a92).find("\"jjjjjjj\""), std::string::npos);
  EXPECT_EQ(words(0x6a6a6a016a6a6a92), "");
}

TEST(PointerLook, FindsFillPatterns) {
  auto look = look_at(0xdddddddddddddde5, with_heap());
  ASSERT_TRUE(look);
  EXPECT_TRUE(look->is_freed_fill);
  EXPECT_TRUE(look_at(0xcdcdcdcdcdcdcdcd, with_heap())->is_unset_fill);
}

TEST(PointerLook, FindsHalfAPointer) {
  EXPECT_NE(words(0x55575eb0).find("0x555555575eb0"), std::string::npos);
}

TEST(PointerLook, FindsHalfAPointerAsAnInt) {
  snapshot::Snapshot s;
  s.regions.push_back({.range = {{0x7f00f0000000}, {0x7f00f0010000}},
                       .access = snapshot::Access{true, true, false}});
  auto look = look_at(0xfffffffff0000010, s);
  ASSERT_TRUE(look);
  EXPECT_NE(look->what.find("sign-extended"), std::string::npos);
  EXPECT_NE(look->what.find("0x7f00f0000010"), std::string::npos);
}

TEST(PointerLook, FindsErrorNumbers) {
  EXPECT_NE(words(static_cast<uint64_t>(-22)).find("is -22"), std::string::npos);
}

TEST(PointerLook, FindsAFlippedBit) {
  EXPECT_NE(words(0x555555575eb0 | 1ull << 60).find("one bit"), std::string::npos);
}

TEST(PointerLook, FindsAFlippedBitOfAnAddressThatCouldBe) {
  EXPECT_NE(words(0x555555575eb0 ^ 1ull << 44).find("one bit from 0x555555575eb0"),
            std::string::npos);
  // Low bits lead from what is beside a mapping into it: that says nothing.
  EXPECT_EQ(words(0x555555600010), "");
}

TEST(PointerLook, FindsNumbers) {
  EXPECT_NE(words(std::bit_cast<uint64_t>(12.5)).find("12.5"), std::string::npos);
}

TEST(PointerLook, SaysNothingOfTheOrdinary) {
  EXPECT_EQ(words(0x7ffff7a3c5e0), "");
  EXPECT_EQ(words(0x123456789a), "");
  EXPECT_EQ(words(0), "");
}

}  // namespace
}  // namespace inquest::cause
