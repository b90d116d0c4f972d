#include "report/prose.h"

#include <gtest/gtest.h>

namespace inquest::report {
namespace {

TEST(Clean, MakesControlCharactersVisible) {
  EXPECT_EQ(clean("a\x1b[31mb\nc\td\x7f"), "a\\x1b[31mb c d\\x7f");
  EXPECT_EQ(clean(std::string_view("\0x", 2)), "\\x00x");
  EXPECT_EQ(clean("\xc2\x9b"
                  "31m"),
            "\uFFFD31m");  // CSI as one C1 character
  EXPECT_EQ(clean("evil\u202Egpj.exe"), "evil\uFFFDgpj.exe");
}

TEST(Clean, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(clean("gr\u00fc\u00df \U0001F600"), "gr\u00fc\u00df \U0001F600");
  EXPECT_EQ(clean("\xff"), "\uFFFD");
  EXPECT_EQ(clean("\xc0\x80"), "\uFFFD\uFFFD");            // overlong
  EXPECT_EQ(clean("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD");  // a surrogate
  EXPECT_EQ(clean("a\xe2\x82"), "a\uFFFD\uFFFD");          // cut short
}

TEST(Wrapped, BreaksBetweenWords) {
  EXPECT_EQ(wrapped("aaaa bbbb cccc dddd eeee ffff", "  - ", 26),
            "  - aaaa bbbb cccc dddd\n    eeee ffff\n");
  EXPECT_EQ(wrapped("", "", 80), "\n");
  EXPECT_EQ(wrapped(std::string(60, 'x'), "", 30), std::string(60, 'x') + "\n");
}

TEST(Shortened, EmptiesTemplatesFromTheInsideOut) {
  std::string name =
      "std::map<int, std::vector<game::Guild*, std::allocator<game::Guild*> > >::find(int const&)";
  EXPECT_EQ(shortened(name, 200), name);
  EXPECT_EQ(shortened(name, 70), "std::map<int, std::vector<…> >::find(int const&)");
  EXPECT_EQ(shortened(name, 40), "std::map<…>::find(int const&)");
  EXPECT_EQ(shortened(name, 24), "std::map<…>::find(…)");
  EXPECT_LE(columns(shortened(name, 12)), 12u);
}

TEST(Shortened, LeavesOperatorsAlone) {
  EXPECT_EQ(
      shortened("std::ostream& operator<< <std::char_traits<char> >(std::ostream&, char const*)",
                64),
      "std::ostream& operator<< <…>(std::ostream&, char const*)");
  EXPECT_EQ(shortened("Thing<Aaaaaaaaaaaaaaaaaaaa>::operator->() const", 32),
            "Thing<…>::operator->() const");
  EXPECT_EQ(shortened("a<b<c<d<e", 5).find('\n'), std::string::npos);  // unbalanced: no harm
}

TEST(MiddleCut, KeepsTheEnd) {
  EXPECT_EQ(middle_cut("/a/very/long/path/to/file.cc", 16), "/a/ve…to/file.cc");
  EXPECT_EQ(middle_cut("\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc", 4), "\u00fc…\u00fc\u00fc");
}

TEST(PlainPath, IsShort) {
  EXPECT_EQ(plain_path("/build/release/../../src/a.cc"), "/src/a.cc");
  EXPECT_EQ(plain_path("./csu/../csu/libc-start.c"), "csu/libc-start.c");
  EXPECT_EQ(plain_path("C:\\a\\b.cc"), "C:\\a\\b.cc");
  EXPECT_EQ(plain_path(""), "");
}

TEST(Words, SayHowSure) {
  EXPECT_EQ(confidence_text(0.97), "almost certain (97 %)");
  EXPECT_EQ(confidence_text(-1), "a guess (0 %)");
}

}  // namespace
}  // namespace inquest::report
