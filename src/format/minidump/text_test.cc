#include "format/minidump/text.h"

#include <gtest/gtest.h>

namespace inquest::minidump {
namespace {

std::string utf8(std::u16string_view text) {
  return utf8_of_utf16(std::as_bytes(std::span(text.data(), text.size())));
}

TEST(Text, BecomesUtf8) {
  EXPECT_EQ(utf8(u""), "");
  EXPECT_EQ(utf8(u"C:\\app.exe"), "C:\\app.exe");
  EXPECT_EQ(utf8(u"\u00e4\u20ac\U0001f600"), "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(utf8(std::u16string_view(u"a\0b", 3)), "a");
}

TEST(Text, ReplacesLoneSurrogates) {
  const char16_t high[] = {0xd83d, 'x'};
  const char16_t low[] = {0xde00};
  const char16_t end[] = {'a', 0xd83d};
  EXPECT_EQ(utf8({high, 2}), "\xef\xbf\xbdx");
  EXPECT_EQ(utf8({low, 1}), "\xef\xbf\xbd");
  EXPECT_EQ(utf8({end, 2}), "a\xef\xbf\xbd");
  const std::byte odd[] = {std::byte{'a'}, std::byte{0}, std::byte{'b'}};
  EXPECT_EQ(utf8_of_utf16(odd), "a");
}

}  // namespace
}  // namespace inquest::minidump
