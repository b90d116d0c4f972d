#include <fstream>
#include <gtest/gtest.h>

#include "report/csv.h"
#include "report/json.h"
#include "report/report.h"
#include "testkit/json_schema.h"

namespace inquest::report {
namespace {

answer::Memory example_memory() {
  answer::Memory memory;
  memory.dump = {
      .format = "elf-core", .os = "linux", .arch = "x86_64", .pid = 7, .command = "lobby"};
  memory.areas = {
      {.begin = {0x500000},
       .size = 0x2000,
       .use = "heap",
       .access = "rw-",
       .what = "glibc, main arena",
       .recorded = 0x1000},
      {.begin = {0x7f00}, .size = 0x1000, .use = "stack", .what = "a,\"b\"", .thread = 9}};
  memory.totals = {{.use = "heap", .areas = 1, .bytes = 0x2000, .committed = 0x2000}};
  memory.by_what = {{.use = "glibc, main arena", .areas = 1, .bytes = 0x2000}};
  memory.newest = {memory.areas[0]};
  memory.largest_hole = {.begin = {0x1000}, .size = 0x4ff000, .use = "free"};
  memory.ceilings = {
      {.what = "mappings", .used = 60000, .most = 65530, .is_bytes = false, .is_assumed = true}};
  memory.warnings = {{"something is missing", "give it"}};
  return memory;
}

TEST(MemoryJson, FollowsItsSchema) {
  std::ifstream file("schema/memory.schema.json");  // tests run in the project's folder
  auto value = nlohmann::json::parse(memory_json(example_memory()));
  for (const std::string& fault : testkit::schema_faults(nlohmann::json::parse(file), value)) {
    ADD_FAILURE() << fault;
  }
  EXPECT_EQ(value["areas"][0]["base"], "0x500000");
  EXPECT_EQ(value["areas"][1]["thread"], 9);
  EXPECT_EQ(value["ceilings"][0]["unit"], "count");
  EXPECT_EQ(value["free"]["largest"], 0x4ff000);
}

TEST(MemoryCsv, QuotesWhatNeedsIt) {
  EXPECT_EQ(memory_csv(example_memory()),
            "address,size,use,access,recorded,what\n"
            "0x500000,8192,heap,rw-,4096,\"glibc, main arena\"\n"
            "0x7f00,4096,stack,,0,\"a,\"\"b\"\"\"\n");
}

TEST(MemoryText, ListsAreasOnlyWhenAllIsWanted) {
  std::string text = memory_text(example_memory(), {});
  EXPECT_TRUE(text.starts_with("lobby (pid 7) holds 8 KiB of addresses in 2 areas"));
  EXPECT_NE(text.find("Largest free hole: 5 MiB at 0x1000"), std::string::npos);
  EXPECT_NE(text.find("91.6 %"), std::string::npos);
  EXPECT_EQ(text.find("0x7f00 "), std::string::npos);
  std::string all = memory_text(example_memory(), {.all_rows = true});
  EXPECT_NE(all.find("0x7f00 "), std::string::npos);
  EXPECT_EQ(all.find("  \n"), std::string::npos);
}

}  // namespace
}  // namespace inquest::report
