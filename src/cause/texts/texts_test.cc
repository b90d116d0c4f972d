#include <cstring>
#include <gtest/gtest.h>

#include "cause/texts/text_counts.h"
#include "cause/texts/text_walk.h"

namespace inquest::cause {
namespace {

std::vector<std::string> walked(const std::string& raw) {
  const snapshot::Snapshot nowhere;
  TextWalk walk(nowhere);
  walk.begin({0x1000}, std::as_bytes(std::span(raw)));
  std::vector<std::string> out;
  while (auto text = walk.next()) out.push_back(std::string(text->encoding) + ": " + text->text);
  return out;
}

TEST(TextWalk, ShortTextsCountWhereATextEnds) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(walked(std::string("seven77\0", 8)), Texts{"ascii: seven77"});
  EXPECT_EQ(walked("seven77\xff"), Texts{});
  EXPECT_EQ(walked("seven77"), Texts{"ascii: seven77"}) << "it fills the block";
  EXPECT_EQ(walked("quite a long text\xff"), Texts{"ascii: quite a long text"});
  EXPECT_EQ(walked(""), Texts{});
}

TEST(TextWalk, KoreanInTheEncodingOfWindows) {
  const std::string raw("room \xC7\xD1\xB1\xDB\xC0\xCC\xB4\xD9 and its name\0", 28);
  const auto found = walked(raw);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0], "cp949: room \xED\x95\x9C\xEA\xB8\x80\xEC\x9D\xB4\xEB\x8B\xA4 and its name");
  EXPECT_TRUE(walked("\xC7\xD1\xB1\xDB\xC0\xCC\xB4\xD9\x01").empty()) << "nothing ends it";
  // The same in UTF-8 is UTF-8.
  EXPECT_EQ(
      walked(std::string(
                 "\xED\x95\x9C\xEA\xB8\x80\xEC\x9D\xB4\xEB\x8B\xA4\xEC\x9D\xB4\xEB\x8B\xA4\0", 19))
          .at(0)
          .substr(0, 5),
      "utf-8");
}

FoundText text(const std::string& words) {
  return {.bytes = words.size(), .encoding = "ascii", .text = words};
}

TEST(TextCounts, PatternsAreCountedWithExamples) {
  TextCounts counts(100);
  for (int i = 0; i < 5; ++i)
    counts.add(0x1000u + 16u * static_cast<unsigned>(i), text("user " + std::to_string(i)));
  counts.add(0x9000, text("another one"));
  auto lines = counts.lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].pattern, "user #");
  EXPECT_EQ(lines[0].sum.count, 5u);
  EXPECT_EQ(lines[0].sum.bytes, 30u);
  ASSERT_EQ(lines[0].sum.examples.size(), 2u);
  EXPECT_EQ(lines[0].sum.examples[1].text, "user 1");
  EXPECT_EQ(lines[0].sum.samples.size(), 5u);
  EXPECT_FALSE(counts.is_cut());
}

std::string word(unsigned n) {
  std::string out;
  for (; n != 0; n /= 26) out += static_cast<char>('a' + n % 26);
  return "word " + out;
}

TEST(TextCounts, WhatIsFrequentIsKeptAndNothingIsLost) {
  TextCounts all(1000);
  uint64_t count = 0;
  for (unsigned part = 0; part < 10; ++part) {
    TextCounts counts(1000);
    for (unsigned i = 0; i < 3000; ++i, ++count) {
      const unsigned at = part * 3000 + i;
      counts.add(at * 16, text(i % 3 == 0 ? "frequent 7" : word(at)));
    }
    all.take(counts);
  }
  EXPECT_TRUE(all.is_cut());
  uint64_t sum = all.rest_count();
  const auto lines = all.lines();
  EXPECT_LE(lines.size(), 1000u);
  for (const auto& line : lines) sum += line.sum.count;
  EXPECT_EQ(sum, count);
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines[0].pattern, "frequent #");
  EXPECT_EQ(lines[0].sum.count, 10000u);
  EXPECT_EQ(lines[0].sum.samples.size(), TextCount::kSamples);
}

}  // namespace
}  // namespace inquest::cause
