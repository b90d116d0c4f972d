#include "objects/values/text_runs.h"

#include <cstring>
#include <gtest/gtest.h>

#include "base/utf8.h"

namespace inquest::objects {
namespace {

struct FoundRun {
  size_t begin;
  std::string encoding, text;
  friend bool operator==(const FoundRun&, const FoundRun&) = default;
};

std::vector<FoundRun> all_text(const std::string& raw) {
  Bytes bytes = std::as_bytes(std::span(raw));
  std::vector<FoundRun> found;
  size_t from = 0;
  while (auto run = find_text(bytes, from)) {
    found.push_back({run->begin, std::string(run->encoding), text_of(bytes, *run)});
    EXPECT_GT(run->bytes, 0u);
    from = run->begin + run->bytes;
  }
  return found;
}

std::string wide(std::u16string_view text) {
  std::string raw(text.size() * 2, '\0');
  std::memcpy(raw.data(), text.data(), raw.size());
  return raw;
}

TEST(TextRuns, AsciiAndUtf8) {
  std::string raw = std::string("\0\x01hello world\0tiny\0", 20) + "caf\xC3\xA9 noir\xFF";
  EXPECT_EQ(all_text(raw), (std::vector<FoundRun>{{2, "ascii", "hello world"},
                                                  {20, "utf-8", "caf\xC3\xA9 noir"}}));
  EXPECT_TRUE(all_text("").empty());
  EXPECT_TRUE(all_text("12345").empty());
}

TEST(TextRuns, Utf16) {
  std::string raw =
      std::string(4, '\0') + wide(u"Hello, wide") + std::string(3, '\0') + "plain text";
  auto found = all_text(raw);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0], (FoundRun{4, "utf-16", "Hello, wide"}));
  EXPECT_EQ(found[1].text, "plain text");
  EXPECT_EQ(all_text(wide(u"\uAC00\uB098\uB2E4\uB77C\uB9C8\uBC14")).at(0).encoding, "utf-16");
}

TEST(TextRuns, NoisyBytesAreLeftSoon) {
  // Ideographs only, as random bytes look: not believed, and not read again and again.
  std::string noise;
  for (int i = 0; i < 1 << 20; ++i) noise += "\x01\x4e";
  EXPECT_TRUE(all_text(noise).empty());
}

TEST(Utf8, DecodesOnlyWhatIsWellFormed) {
  EXPECT_EQ(decode_utf8("\xE2\x82\xAC").code, 0x20ACu);
  for (std::string_view bad :
       {"\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
    EXPECT_EQ(decode_utf8(bad).bytes, 0u);
    EXPECT_FALSE(is_plain_utf8(bad));
  }
  EXPECT_EQ(make_utf8(std::string_view("a\0\xFFz", 4)), "a\xEF\xBF\xBD\xEF\xBF\xBDz");
  std::string all;
  for (uint32_t code : {0x24u, 0xA2u, 0x20ACu, 0x10348u}) append_utf8(all, code);
  EXPECT_EQ(all, "$\xC2\xA2\xE2\x82\xAC\xF0\x90\x8D\x88");
}

}  // namespace
}  // namespace inquest::objects
