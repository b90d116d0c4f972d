#include <fstream>
#include <gtest/gtest.h>

#include "report/json.h"
#include "report/report.h"
#include "testkit/json_schema.h"

namespace inquest::report {
namespace {

answer::Leaks leaks_example() {
  answer::Leaks leaks;
  leaks.dump = {.path = "core.1",
                .format = "elf-core",
                .os = "linux",
                .arch = "x86_64",
                .pid = 1,
                .command = "lobby",
                .bytes = 4096};
  leaks.allocators = {"glibc (2.36)"};
  leaks.definite = {2, 112};
  leaks.indirect = {12345, 1 << 20};
  leaks.possible = {1, 24};
  leaks.reachable = {5000000, 1 << 30};
  leaks.shapes = {{.head_size = 56,
                   .type = "game::Guild",
                   .groups = 2,
                   .blocks = 12347,
                   .bytes = 1048688,
                   .least_blocks = 47,
                   .most_blocks = 12300,
                   .heads = {Address{0x5000}, Address{0x6000}},
                   .words = "0x404000 0x0"},
                  {.possible = true,
                   .head_size = 24,
                   .groups = 1,
                   .blocks = 1,
                   .bytes = 24,
                   .least_blocks = 1,
                   .most_blocks = 1,
                   .heads = {Address{0x7000}},
                   .text = "name \x1b[2J\xff",
                   .words = "0x41",
                   .origin = "src\\name.cpp:42"}};
  leaks.suspects = {{{.owners = {"global g_rooms"},
                      .holder = Address{0x8000},
                      .holder_size = 4096,
                      .holder_type = "",
                      .inside = Address{0x7000},
                      .inside_type = "ChatLog",
                      .bytes = 812000000,
                      .blocks = 3100001,
                      .share = 0.71,
                      .kinds = {{.size = 48,
                                 .type = "game::Line",
                                 .type_share = 0.75,
                                 .blocks = 3100000,
                                 .bytes = 148800000}}},
                     {.owners = {"thread 12 worker, stack", "global g_b"},
                      .bytes = 4096,
                      .blocks = 1,
                      .share = 0.05}}};
  leaks.roots = {{"registers", 4, 0, 7}, {"stack", 4, 8192, 12}, {"mapping", 0, 0, 0}};
  leaks.pointer_mask = 0xffff000000000000;
  leaks.tagged_words = 3;
  leaks.tag_mask = 0xff00000000000000;
  leaks.blocks = {{Address{0x5000}, 56, "definite", Address{0x5000}},
                  {Address{0x5040}, 24, "indirect", Address{0x5000}}};
  leaks.warnings = {{"a warning", "do this"}};
  return leaks;
}

TEST(LeaksReport, JsonFollowsItsSchema) {
  std::ifstream file("schema/leaks.schema.json");
  auto schema = nlohmann::json::parse(file);
  for (const auto& leaks : {leaks_example(), answer::Leaks{.dump = leaks_example().dump}}) {
    auto json = nlohmann::json::parse(leaks_json(leaks));
    EXPECT_EQ(testkit::schema_faults(schema, json), std::vector<std::string>{});
  }
  auto json = nlohmann::json::parse(leaks_json(leaks_example()));
  EXPECT_EQ(json["totals"]["indirect"]["blocks"], 12345);
  EXPECT_EQ(json["shapes"][0]["type"], "game::Guild");
  EXPECT_EQ(json["shapes"][1]["kind"], "possible");
  EXPECT_EQ(json["shapes"][1]["origin"], "src\\name.cpp:42");
  EXPECT_FALSE(json["shapes"][0].contains("origin"));
  EXPECT_EQ(json["suspects"][0]["inside"]["type"], "ChatLog");
  EXPECT_FALSE(json["suspects"][1].contains("holder"));
}

TEST(LeaksReport, TextSaysHowMuchAndWhat) {
  std::string text = leaks_text(leaks_example(), {});
  for (const char* part : {"lobby (pid 1) lost 1 MiB in 12,347 blocks", "definitely lost",
                           "game::Guild, 47 to 12,300 blocks each", "possibly \"name \\x1b[2J",
                           "from src\\name.cpp:42", "4 threads", "a warning", "-> do this"})
    EXPECT_NE(text.find(part), text.npos) << part << "\n" << text;
  EXPECT_EQ(text.find('\x1b'), text.npos);
  EXPECT_EQ(text.find("mapping"), text.npos) << "no such places were there";
}

TEST(LeaksReport, TextSaysWhoKeepsMuch) {
  std::string text = leaks_text(leaks_example(), {.width = 1000});
  EXPECT_NE(text.find("(71 %): 1 block of 4,096 bytes at 0x8000, held by `ChatLog` at 0x7000 of "
                      "global g_rooms, keeps "
                      "3,100,001 blocks: 3,100,000 of 48 bytes, mostly (`game::Line`)"),
            text.npos)
      << text;
  EXPECT_NE(text.find("(5 %): thread 12 worker, stack and global g_b together keep 1 block"),
            text.npos)
      << text;
  EXPECT_EQ(text.find("--suspects"), text.npos);
  auto leaks = leaks_example();
  leaks.suspects.reset();
  EXPECT_NE(leaks_text(leaks, {}).find("--suspects"), text.npos);
}

TEST(LeaksReport, CsvHasALineForEachBlock) {
  EXPECT_EQ(leaks_csv(leaks_example()),
            "address,size,kind,head\n0x5000,56,definite,0x5000\n0x5040,24,indirect,0x5000\n");
}

TEST(LeaksReport, SaysThatNoHeapWasFound) {
  answer::Leaks leaks;
  leaks.dump.command = "lobby";
  EXPECT_EQ(leaks_text(leaks, {}), "lobby: no heap was found\n");
  leaks.reachable = {1, 24};
  EXPECT_NE(leaks_text(leaks, {}).find("lobby lost nothing"), std::string::npos);
}

}  // namespace
}  // namespace inquest::report
