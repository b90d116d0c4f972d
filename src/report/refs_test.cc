#include <fstream>
#include <gtest/gtest.h>

#include "report/json.h"
#include "report/refs_report.h"
#include "testkit/json_schema.h"

namespace inquest::report {
namespace {

answer::Refs refs_example() {
  answer::Refs refs;
  refs.dump = {.path = "core.1",
               .format = "elf-core",
               .os = "linux",
               .arch = "x86_64",
               .pid = 1,
               .command = "lobby"};
  answer::RefPlace global{.at = Address{0x404048},
                          .kind = "global",
                          .name = "global g_rooms\x1b[2J",
                          .begin = Address{0x404040},
                          .size = 48,
                          .offset = 8};
  answer::RefPlace room{.at = Address{0x5010},
                        .kind = "block",
                        .begin = Address{0x5000},
                        .size = 64,
                        .offset = 16,
                        .type = "game::Room"};
  refs.target = {.at = Address{0x6000}, .kind = "block", .begin = Address{0x6000}, .size = 24};
  refs.reach = "reachable";
  refs.retained_bytes = 24;
  refs.retained_blocks = 1;
  refs.keepers = {room, {.kind = "owner", .name = "global g_rooms"}};
  refs.refs = {{.from = {.kind = "registers", .name = "thread 1, registers"},
                .value = Address{0x6008},
                .to = refs.target},
               {.from = room, .value = Address{0x6000}, .to = refs.target},
               {.level = 2, .from = global, .value = Address{0x5000}, .to = room}};
  refs.all_refs = 12;
  refs.stale_refs = 1;
  refs.paths = {{.owner = "global g_rooms", .places = {global, room, refs.target}}};
  refs.warnings = {{"a warning", "do this"}};
  return refs;
}

TEST(RefsReport, JsonFollowsItsSchema) {
  std::ifstream file("schema/refs.schema.json");
  auto schema = nlohmann::json::parse(file);
  answer::Refs none{.dump = refs_example().dump};
  for (const auto& refs : {refs_example(), none}) {
    auto json = nlohmann::json::parse(refs_json(refs));
    EXPECT_EQ(testkit::schema_faults(schema, json), std::vector<std::string>{});
  }
  auto json = nlohmann::json::parse(refs_json(refs_example()));
  EXPECT_EQ(json["refs"][1]["from"]["type"], "game::Room");
  EXPECT_EQ(json["paths"][0]["places"].size(), 3u);
}

TEST(RefsReport, TextSaysWhoKeepsIt) {
  std::string text = refs_text(refs_example(), {.width = 200});
  for (const char* part : {"lobby (pid 1): 0x6000 is a block of 24 bytes at 0x6000",
                           "It is reachable. Without it 24 bytes", "in 1 block",
                           "  - block of 64 bytes (`game::Room`) at 0x5000 + 0x10",
                           "  - global g_rooms", "Who points to it: 12 words", "... 10 more: --all",
                           "1 more word in freed blocks and unused memory keeps nothing", "level 2",
                           "    -> block of 24 bytes at 0x6000", "a warning"})
    EXPECT_NE(text.find(part), text.npos) << part << "\n" << text;
  EXPECT_EQ(text.find('\x1b'), text.npos);
}

TEST(RefsReport, CsvHasALineForEachWord) {
  EXPECT_EQ(refs_csv(refs_example()).substr(0, 100),
            "address,level,kind,holder,size,offset,type,value,target\n0x0,1,registers,\"thread 1, "
            "registers\",0,0,,0");
}

}  // namespace
}  // namespace inquest::report
