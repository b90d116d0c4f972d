#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex>
#include <set>

#include "report/page_assets.h"
#include "report/report.h"
#include "report/test_example.h"
#include "report/why_heap.h"
#include "testkit/shell.h"

namespace inquest::report {
namespace {

using testing::HasSubstr;
using testing::Not;

size_t count(const std::string& text, const std::string& what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + what.size())) ++n;
  return n;
}

/// The page without what is ours and never changes.
std::string data_of(std::string page) {
  page.erase(page.find(kPageStyle), kPageStyle.size());
  page.erase(page.find(kPageScript), kPageScript.size());
  return page;
}

TEST(WhyHtml, HasTheWholeAnswer) {
  std::string page = why_html(example());
  EXPECT_TRUE(page.starts_with("<!doctype html>"));
  EXPECT_THAT(page, HasSubstr("null-dereference"));
  EXPECT_THAT(page, HasSubstr("almost certain (97 %)"));
  EXPECT_THAT(page, HasSubstr("<a href=\"#t4711f0\">"));
  EXPECT_THAT(page, HasSubstr("id=\"t4711f0\""));
  EXPECT_THAT(page, HasSubstr("id=\"t4714\""));  // a thread folded into a group
  EXPECT_THAT(page, HasSubstr("threads 4712, 4713, 4714 (3, worker-*)"));
  EXPECT_THAT(page, HasSubstr("/lib/libfoo.so.1"));
}

TEST(WhyHtml, HasASectionOfTheHeap) {
  WhyHeap heap;
  heap.leaks.dump.path = "core<1>";
  heap.leaks.definite = {2, 100};
  heap.leaks.reachable = {10, 4000};
  heap.leaks.suspects = {{{.owners = {"global <g>"}, .bytes = 3000, .blocks = 9, .share = 0.75}}};
  heap.objects = answer::Objects{.census = {{.type = "A<int>", .blocks = 7, .bytes = 2048}}};
  std::string page = why_html(example(), heap);
  EXPECT_THAT(page, HasSubstr("4 KiB in 12 used blocks; 100 bytes in 2 blocks are lost"));
  EXPECT_THAT(page, HasSubstr("global &lt;g&gt; keeps 9 blocks"));
  EXPECT_THAT(page, HasSubstr("<td>A&lt;int&gt;</td><td class=\"code\">7</td>"));
  EXPECT_THAT(page, HasSubstr("inquest leaks core&lt;1&gt;"));
  EXPECT_THAT(why_html(example()), Not(HasSubstr("The heap")));
  heap.leaks.definite = {};
  heap.objects.reset();
  EXPECT_THAT(why_heap_section(heap), HasSubstr("none of them lost"));
  EXPECT_THAT(why_heap_section(heap), Not(HasSubstr("<table")));
}

TEST(WhyHtml, AsksNoServer) {
  std::string page = why_html(example());
  // A link asks when the reader follows it, and not before.
  const std::string link =
      "<a rel=\"noreferrer\" href=\"https://git.example.com/lobby/4f2a/guild.h\">source</a>";
  size_t at = page.find(link);
  ASSERT_NE(at, std::string::npos);
  page.erase(at, link.size());
  for (const char* way : {"src=", "http://", "https://", "@import", "url(", "<link", "fetch("}) {
    EXPECT_THAT(page, Not(HasSubstr(way)));
  }
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
}

TEST(WhyHtml, EscapesEveryString) {
  answer::Answer a = example();
  std::string evil = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>\x1b\xff&";
  a.dump = {.path = evil, .format = evil, .os = evil, .arch = evil, .command = evil, .time = evil};
  a.verdict.summary = a.verdict.evidence[0].what = a.verdict.next[0] = evil;
  a.findings[0].summary = a.findings[0].evidence[0].what = evil + "2";
  a.fault->signal = a.fault->exception = a.fault->instruction = a.fault->access = evil;
  a.fault->explanation = answer::Explanation{evil, evil, evil, 4};
  for (answer::Stack& stack : a.threads) {
    stack.name = stack.note = evil;
    for (answer::Frame& f : stack.frames) {
      f.function = f.file = f.module = f.trust = evil;
      f.source_command = evil;
      f.source_url = "https://x/" + evil;
    }
  }
  for (answer::Module& m : a.modules) m.name = m.id = m.symbols = m.from = m.note = evil;
  for (Warning& w : a.warnings) w.what = w.advice = evil;
  std::string page = why_html(a);
  EXPECT_EQ(count(page, "<script"), 1u);
  EXPECT_EQ(count(page, "</script"), 1u);
  EXPECT_EQ(count(page, "<img"), 0u);
  EXPECT_EQ(page.find_first_of("\x1b\xff"), std::string::npos);
  // Only our own attributes and elements are left, every quote of the data is escaped.
  std::string data = data_of(page);
  EXPECT_EQ(data.find('\''), data.find("'none'"));
  std::regex element("<(/?)([a-z0-9!]+)");
  std::set<std::string> names;
  for (std::sregex_iterator at(data.begin(), data.end(), element), end; at != end; ++at) {
    names.insert((*at)[2]);
  }
  for (const std::string& name : names) {
    EXPECT_THAT(name, testing::MatchesRegex("!doctype|html|head|meta|title|style|body|p|section|h1|"
                                            "h2|span|meter|ul|li|a|code|dl|dt|dd|div|input|button|"
                                            "details|summary|b|ol|br|table|thead|tbody|tr|th|td|"
                                            "script|mark"));
  }
}

TEST(WhyHtml, StaysSmallForADeepStack) {
  answer::Answer a = example();
  for (int i = 0; i < 100'000; ++i) {
    a.threads[0].frames.push_back(frame_of(0x5000, i % 2 ? "ping(int)" : "pong(int)"));
  }
  for (int i = 0; i < 5000; ++i)
    a.threads[1].frames.push_back(frame_of(0x6000, fmt::format("f{}", i)));
  std::string page = why_html(a);
  EXPECT_LT(page.size(), 1'000'000u);
  EXPECT_THAT(page, HasSubstr("more frames of pong(int), ping(int)"));
}

/// A sum that lags behind would switch the page's style or script off without a word.
TEST(WhyHtml, HasThePolicyOfItsOwnStyleAndScript) {
  if (!testkit::has_tool("openssl")) GTEST_SKIP() << "no openssl here";
  testkit::TemporaryFolder folder;
  for (std::string_view part : {kPageStyle, kPageScript}) {
    testkit::write_file(folder / "part", std::string(part));
    std::string sum = testkit::run_command("openssl dgst -sha256 -binary " + (folder / "part") +
                                           " | openssl base64 -A")
                          .output;
    EXPECT_THAT(std::string(kPagePolicy), HasSubstr("'sha256-" + sum + "'"));
  }
}

}  // namespace
}  // namespace inquest::report
