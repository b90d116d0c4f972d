#include <fstream>
#include <gtest/gtest.h>

#include "report/json.h"
#include "report/report.h"
#include "testkit/json_schema.h"

namespace inquest::report {
namespace {

answer::Show example() {
  answer::Show show;
  show.dump = {.path = "a.dmp",
               .format = "minidump",
               .os = "windows",
               .arch = "x86_64",
               .pid = 4711,
               .command = "lobby.exe",
               .time = "2026-11-22T02:03:04Z",
               .bytes = 123456};
  show.executable = "C:\\app\\lobby.exe";
  show.fault = {.thread = 7,
                .words = "0xc0000005 access violation writing 0x24",
                .exception = 0xc0000005,
                .parameters = {1, 0x24},
                .address = Address{0x24},
                .place = "lobby.exe+0x1000"};
  show.system = {.version = "10.0.19045", .cpu = "GenuineIntel family 6", .cpu_count = 8};
  show.modules = {{.path = "C:\\app\\lobby.exe",
                   .base = Address{0x7ff600000000},
                   .size = 0x9000,
                   .debug_id = "3249D99D0C4049318610F4E4FB0B69361",
                   .debug_file = "lobby.pdb",
                   .age = 1,
                   .timestamp = 0x5ab38077,
                   .checksum = 0x12,
                   .version = "1.2.3.4",
                   .is_main = true}};
  show.unloaded = {{.path = "gone.dll", .base = Address{0x1000}, .size = 0x1000}};
  show.threads = {{.id = 7,
                   .name = "main",
                   .crashed = true,
                   .pc = Address{0x7ff600001000},
                   .sp = Address{0x2000},
                   .place = "lobby.exe+0x1000"},
                  {.id = 8}};
  for (uint64_t i = 0; i < 40; ++i) show.memory.push_back({Address{i * 0x2000}, 0x1000});
  show.regions = {{.kind = "stack", .access = "rw-", .count = 2, .bytes = 4096, .recorded = 100}};
  show.handles = {{.value = 0x44, .type = "Mutant", .name = "lock", .granted_access = 0x1f0001}};
  show.annotations = {{"comment", "by\x1b[2J hand"}};
  show.warnings = {{"something is missing", "give it"}};
  return show;
}

nlohmann::json checked(const std::string& text) {
  std::ifstream file("schema/show.schema.json");  // tests run in the project's folder
  EXPECT_TRUE(file);
  nlohmann::json value = nlohmann::json::parse(text);
  for (const std::string& fault : testkit::schema_faults(nlohmann::json::parse(file), value)) {
    ADD_FAILURE() << fault;
  }
  return value;
}

TEST(ShowJson, HasEverything) {
  nlohmann::json j = checked(show_json(example()));
  EXPECT_EQ(j["schema"], "inquest.show/1");
  EXPECT_EQ(j["fault"]["exception"], "0xc0000005");
  EXPECT_EQ(j["fault"]["parameters"][1], "0x24");
  EXPECT_EQ(j["modules"][0]["age"], 1);
  EXPECT_EQ(j["modules"][0]["timestamp"], "0x5ab38077");
  EXPECT_EQ(j["modules"][0]["main"], true);
  EXPECT_EQ(j["threads"][0]["place"], "lobby.exe+0x1000");
  EXPECT_FALSE(j["threads"][1].contains("pc"));
  EXPECT_EQ(j["memory"].size(), 40u);
  EXPECT_EQ(j["regions"][0]["recorded"], 100);
  EXPECT_EQ(j["handles"][0]["value"], "0x44");
  EXPECT_EQ(j["unloaded"][0]["path"], "gone.dll");
  EXPECT_EQ(j["warnings"][0]["advice"], "give it");
}

TEST(ShowJson, LeavesOutWhatIsNotKnown) {
  answer::Show bare;
  bare.dump = {.format = "elf-core", .os = "linux", .arch = "arm"};
  nlohmann::json j = checked(show_json(bare));
  EXPECT_FALSE(j.contains("fault"));
  EXPECT_TRUE(j["system"].empty());
  EXPECT_TRUE(j["annotations"].empty());
}

TEST(ShowText, TellsWhatMattersFirst) {
  std::string text = show_text(example(), {});
  EXPECT_TRUE(text.starts_with("lobby.exe (pid 4711): windows x86_64 minidump, 121 KiB"));
  EXPECT_NE(text.find("0xc0000005 access violation writing 0x24, thread 7, at lobby.exe+0x1000"),
            std::string::npos);
  EXPECT_NE(text.find("3249D99D0C4049318610F4E4FB0B69361"), std::string::npos);
  EXPECT_NE(text.find("0x00000012"), std::string::npos);
  EXPECT_NE(text.find("Mutant"), std::string::npos);
  EXPECT_NE(text.find("-> give it"), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);  // neither colour nor what the dump holds
  EXPECT_EQ(text.find("  \n"), std::string::npos);
}

TEST(ShowText, CutsLongTablesUnlessAllIsWanted) {
  std::string text = show_text(example(), {});
  EXPECT_NE(text.find("... 16 more: --all shows them"), std::string::npos);
  EXPECT_EQ(text.find("0x4e000"), std::string::npos);
  std::string all = show_text(example(), {.all_rows = true});
  EXPECT_NE(all.find("0x4e000"), std::string::npos);
  EXPECT_EQ(all.find("--all"), std::string::npos);
}

TEST(ShowText, LeavesOutEmptyColumns) {
  std::string text = show_text(example(), {});
  EXPECT_EQ(text.find("tls"), std::string::npos);  // no thread has one
  answer::Show bare;
  bare.dump = {.format = "elf-core", .os = "linux", .arch = "arm"};
  EXPECT_EQ(show_text(bare, {}), "A process: linux arm elf-core, 0 bytes\n");
}

}  // namespace
}  // namespace inquest::report
