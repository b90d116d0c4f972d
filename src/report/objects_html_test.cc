#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "report/heap_page_assets.h"
#include "report/html.h"
#include "report/objects_report.h"
#include "report/page_assets.h"
#include "testkit/shell.h"

namespace inquest::report {
namespace {

using answer::MapKind;
using testing::HasSubstr;
using testing::Not;

/// A server whose global keeps a log.
answer::HeapMap log_map() {
  answer::HeapMap map;
  answer::Objects& o = map.objects;
  o.dump = {.path = "/var/crash/core.4711", .format = "elf-core", .os = "linux", .arch = "x86_64"};
  o.dump.command = "lobby";
  o.dump.pid = 4711;
  o.allocators = {"glibc (2.36)"};
  o.blocks = 12;
  o.bytes = 4096;
  o.typed_blocks = 11;
  o.typed_bytes = 4000;
  o.census = {{.type = "ChatLog",
               .size = 40,
               .blocks = 11,
               .objects = 11,
               .bytes = 4000,
               .how = {{"virtual table", 11}}},
              {.blocks = 1, .objects = 1, .bytes = 96}};
  o.warnings = {{"no symbols for libc.so.6", "give --symbols"}};
  map.types = {{}, {"ChatLog", "ChatLog"}};
  map.sums = {{1, 4096}, {0, 96}};
  map.suspects = {{.owners = {"global g_log"},
                   .holder = Address{0x5000},
                   .holder_size = 48,
                   .holder_type = "ChatLog",
                   .bytes = 4096,
                   .blocks = 12,
                   .share = 1}};
  map.nodes = {{.bytes = 4096, .blocks = 12},
               {.parent = 0,
                .kind = MapKind::global,
                .name = "global g_log",
                .at = Address{0x4000},
                .bytes = 4096,
                .blocks = 12},
               {.parent = 1,
                .kind = MapKind::blocks,
                .type = 1,
                .at = Address{0x5000},
                .own_bytes = 4000,
                .bytes = 4096,
                .blocks = 12,
                .is_cut = true}};
  map.left_out = 11;
  map.places = {{.at = {0x5000}, .size = 4000, .type = 1, .bytes = 4096, .blocks = 12},
                {.at = {0x6000}, .size = 96, .bytes = 96, .blocks = 1}};
  map.explored = {{.how = "virtual table",
                   .percent = 100,
                   .reach = "reachable",
                   .keepers = {"global g_log"},
                   .roots = {"global g_log"},
                   .root_count = 1,
                   .to = {{.place = 1, .offset = 8, .field = "lines"}},
                   .to_count = 1,
                   .steps = 1}};
  return map;
}

nlohmann::json page_data(const std::string& page) {
  const std::string begin = "<script type=\"application/json\" id=\"data\">";
  size_t at = page.find(begin);
  if (at == page.npos) return {};
  at += begin.size();
  return nlohmann::json::parse(page.substr(at, page.find("</script>", at) - at));
}

size_t times(const std::string& page, const std::string& what) {
  size_t n = 0;
  for (size_t at = page.find(what); at != page.npos; at = page.find(what, at + 1)) ++n;
  return n;
}

TEST(ObjectsHtml, HasTheWholeMap) {
  std::string page = objects_html(log_map());
  EXPECT_TRUE(page.starts_with("<!doctype html>"));
  EXPECT_THAT(page, HasSubstr("lobby (pid 4711) holds 4 KiB in 12 blocks"));
  EXPECT_THAT(page, HasSubstr("The type is known of 91.7 % of the blocks"));
  EXPECT_THAT(page, HasSubstr("<a href=\"#object=0x5000\">"));
  EXPECT_THAT(page, HasSubstr("Not told apart: 11 of the 12 blocks"));
  EXPECT_THAT(page, HasSubstr("no symbols for libc.so.6"));
  nlohmann::json data = page_data(page);
  EXPECT_EQ(data["dump"], "/var/crash/core.4711");
  EXPECT_EQ(data["census"][0], nlohmann::json::parse(R"([1, 40, 11, 11, 4000, 4096,
                                                         [["virtual table", 11]]])"));
  EXPECT_EQ(data["nodes"][2],
            nlohmann::json::parse(R"([1, "blocks", "", 1, "0x5000", 1, 4000, 4096, 12, 1])"));
  EXPECT_EQ(data["objects"][0]["to"][0], nlohmann::json::parse(R"([1, 8, "lines"])"));
  EXPECT_EQ(data["places"][1][0], "0x6000");
}

TEST(ObjectsHtml, AsksNoServer) {
  std::string page = objects_html(log_map());
  for (const char* way : {"src=", "http://", "https://", "@import", "url(", "<link", "fetch("})
    EXPECT_THAT(page, Not(HasSubstr(way)));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  // Nothing of the data is ever made HTML by a script.
  for (const char* way :
       {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("})
    EXPECT_THAT(page, Not(HasSubstr(way)));
}

TEST(ObjectsHtml, EscapesEveryString) {
  const std::string evil =
      "</script><script>alert(1)</script><!--\"'><img src=x onerror=alert(2)>\x1b\xff&\xe2\x80\xa8";
  answer::HeapMap map = log_map();
  answer::Objects& o = map.objects;
  o.dump = {.path = evil, .format = evil, .os = evil, .arch = evil, .command = evil, .time = evil};
  o.allocators = {evil};
  o.census[0].type = o.census[0].how[0].first = evil;
  for (Warning& w : o.warnings) w.what = w.advice = evil;
  map.types[1] = {evil, evil};
  map.suspects[0].owners = {evil};
  map.suspects[0].holder_type = map.suspects[0].inside_type = evil;
  map.suspects[0].inside = Address{1};
  map.suspects[0].kinds = {{.size = 8, .type = evil, .type_share = 1, .blocks = 1, .bytes = 8}};
  map.nodes[1].name = evil;
  answer::MapObject& object = map.explored[0];
  object.how = object.reach = object.to[0].field = evil;
  object.keepers = object.roots = {evil};
  object.before = answer::MapEdge{.place = 0, .field = evil};
  std::string page = objects_html(map);
  EXPECT_EQ(times(page, "<script"), 4u);
  EXPECT_EQ(times(page, "</script"), 4u);
  EXPECT_EQ(times(page, "<img"), 0u);
  EXPECT_EQ(times(page, "<!--"), 0u);
  EXPECT_EQ(times(page, "onerror=alert(2)>"), 0u);
  EXPECT_EQ(page.find_first_of("\x1b\xff"), std::string::npos);
  nlohmann::json data = page_data(page);
  EXPECT_EQ(data["dump"].get<std::string>().substr(0, 9), "</script>");
}

TEST(ObjectsHtml, JsonInAScriptIsStillTheSameJson) {
  const std::string json = "[\"</script><!--&\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa\"]";
  std::string safe = json_in_script(json);
  EXPECT_EQ(safe, "[\"\\u003c/script\\u003e\\u003c!--\\u0026\\u2028\\u2029\xe2\x80\xaa\"]");
  EXPECT_EQ(nlohmann::json::parse(safe), nlohmann::json::parse(json));
  EXPECT_EQ(json_in_script(""), "");
}

TEST(ObjectsHtml, StaysUnderFiveMegabytes) {
  answer::HeapMap map = log_map();
  const std::string name(5000, 'n');
  for (int i = 0; i < 20000; ++i) {
    map.objects.census.push_back({.type = name, .blocks = 1, .objects = 1, .bytes = 64});
    map.sums.push_back({1, 64});
  }
  map.types[1] = {name, name};
  for (uint32_t i = 3; i < 3000; ++i) {
    map.nodes.push_back({.parent = i - 1,
                         .kind = MapKind::blocks,
                         .type = 1,
                         .at = Address{0x550000000000u + i},
                         .own_bytes = 1 << 20,
                         .bytes = 1 << 30,
                         .blocks = 1 << 20});
  }
  // As many as a place may have, of as many as there may be.
  for (uint32_t i = 0; i < 30000; ++i)
    map.places.push_back({.at = {0x550000000000u + i}, .size = 4096, .type = 1, .bytes = 1 << 30});
  answer::MapObject object = map.explored[0];
  object.from.assign(12, {.place = 29999, .offset = 123456, .field = "[123].lines._M_start"});
  object.to.assign(24, object.from[0]);
  object.before = object.from[0];
  map.explored.assign(1000, object);
  std::string page = objects_html(map);
  EXPECT_LT(page.size(), 5'000'000u);
  nlohmann::json data = page_data(page);
  EXPECT_EQ(data["census"].size(), 4001u);
  EXPECT_EQ(data["census"].back()[0], -1);
  EXPECT_EQ(data["census"].back()[2], 16002);
  EXPECT_EQ(data["census_left_out"], 16002);
}

TEST(ObjectsHtml, SaysWhereThereIsNoHeap) {
  answer::HeapMap map;
  map.nodes.resize(1);
  map.types.resize(1);
  EXPECT_THAT(objects_html(map), HasSubstr("no heap was found"));
}

/// A sum that lags behind would switch the page off without a word.
TEST(ObjectsHtml, HasThePolicyOfItsOwnStylesAndScripts) {
  if (!testkit::has_tool("openssl")) GTEST_SKIP() << "no openssl here";
  testkit::TemporaryFolder folder;
  for (std::string_view part :
       {kPageStyle, kHeapStyle, kHeapCensusScript, kHeapMapScript, kHeapExplorerScript}) {
    testkit::write_file(folder / "part", std::string(part));
    std::string sum = testkit::run_command("openssl dgst -sha256 -binary " + (folder / "part") +
                                           " | openssl base64 -A")
                          .output;
    EXPECT_THAT(std::string(kHeapPolicy), HasSubstr("'sha256-" + sum + "'"));
  }
}

}  // namespace
}  // namespace inquest::report
