#include <fstream>
#include <gtest/gtest.h>
#include <limits>

#include "report/json.h"
#include "report/report.h"
#include "report/test_example.h"
#include "testkit/json_schema.h"

namespace inquest::report {
namespace {

nlohmann::json schema(const std::string& name) {
  std::ifstream file("schema/" + name + ".schema.json");  // tests run in the project's folder
  EXPECT_TRUE(file) << name;
  return nlohmann::json::parse(file);
}

nlohmann::json checked(const std::string& name, const std::string& text) {
  nlohmann::json value = nlohmann::json::parse(text);
  for (const std::string& fault : testkit::schema_faults(schema(name), value))
    ADD_FAILURE() << fault;
  return value;
}

TEST(WhyJson, HasTheWholeAnswer) {
  nlohmann::json j = checked("why", why_json(example()));
  EXPECT_EQ(j["schema"], "inquest.why/1");
  EXPECT_EQ(j["dump"]["pid"], 4711);
  EXPECT_EQ(j["dump"]["complete"], true);
  EXPECT_EQ(j["verdict"]["cause"], "null-dereference");
  EXPECT_EQ(j["verdict"]["confidence"], 0.97);
  EXPECT_EQ(j["verdict"]["evidence"][0]["address"], "0x2c");
  EXPECT_EQ(j["verdict"]["next"].size(), 1u);
  EXPECT_EQ(j["fault"]["explanation"]["member"], "Guild::rank");
  EXPECT_EQ(j["fault"]["explanation"]["offset"], 44);
  EXPECT_EQ(j["threads"].size(), 4u);
  EXPECT_EQ(j["threads"][0]["frames"][0]["inlined"], true);
  EXPECT_EQ(j["threads"][0]["frames"][1]["offset"], "0x1234");
  EXPECT_EQ(j["threads"][0]["frames"][0]["source_url"],
            "https://git.example.com/lobby/4f2a/guild.h");
  EXPECT_EQ(j["threads"][0]["frames"][1]["source_command"], "p4.exe print //depot/avatar.cc#7");
  EXPECT_FALSE(j["threads"][0]["frames"][2].contains("source_url"));
  EXPECT_EQ(j["threads"][1]["name"], "worker-0");
  EXPECT_EQ(j["modules"][0]["symbols"], "full");
  EXPECT_EQ(j["findings"][0]["kind"], "null-dereference");
  EXPECT_EQ(j["warnings"][1], (nlohmann::json{{"what", "the core is cut short"}}));
}

TEST(WhyJson, LeavesOutWhatIsNotKnown) {
  answer::Answer bare;
  bare.dump = {.format = "elf-core", .os = "linux", .arch = "aarch64"};
  nlohmann::json j = checked("why", why_json(bare));
  EXPECT_FALSE(j.contains("fault"));
  EXPECT_FALSE(j["dump"].contains("pid"));
  EXPECT_EQ(j["verdict"]["cause"], "unknown");
  EXPECT_TRUE(j["threads"].empty());
}

TEST(WhyJson, StaysJsonWhateverTheStringsHold) {
  answer::Answer a = example();
  std::string hostile = "\xff\xfe</script>\"\\\n\x01";
  hostile += '\0';
  a.dump.command = a.verdict.summary = a.threads[0].name = a.threads[0].note = hostile;
  a.threads[0].frames[0].function = a.modules[0].name = a.warnings[0].advice = hostile;
  nlohmann::json j = checked("why", why_json(a));
  EXPECT_EQ(j["dump"]["command"].get<std::string>().substr(0, 6), "\uFFFD\uFFFD");
  EXPECT_EQ(j["dump"]["command"].get<std::string>().substr(6, 9), "</script>");
}

TEST(StackJson, KeepsEachByteWhereverItStands) {
  answer::Answer a = example();
  auto& frames = a.threads[0].frames;
  const answer::Frame one = frames[0];
  frames.clear();
  for (size_t place = 0; place < 20; ++place) {
    for (int c = 1; c < 0x80; ++c) {
      frames.push_back(one);
      frames.back().function = std::string(20, 'f').replace(place, 1, 1, static_cast<char>(c));
    }
  }
  nlohmann::json j = nlohmann::json::parse(stack_json(a));
  ASSERT_EQ(j["threads"][0]["frames"].size(), frames.size());
  for (size_t i = 0; i < frames.size(); ++i) {
    EXPECT_EQ(j["threads"][0]["frames"][i]["function"], frames[i].function);
  }
}

TEST(WhyJson, KeepsConfidenceBetweenZeroAndOne) {
  answer::Answer a = example();
  a.verdict.confidence = std::numeric_limits<double>::quiet_NaN();
  a.findings[0].confidence = 7;
  a.threads[0].frames[0].confidence = -1;
  nlohmann::json j = checked("why", why_json(a));
  EXPECT_EQ(j["verdict"]["confidence"], 0);
  EXPECT_EQ(j["findings"][0]["confidence"], 1);
  EXPECT_EQ(j["threads"][0]["frames"][0]["confidence"], 0);
}

TEST(WhyJson, NamesEveryKindThatTheSchemaKnows) {
  nlohmann::json known = schema("why")["$defs"]["kind"]["enum"];
  nlohmann::json all = nlohmann::json::array();
  for (int i = 0; i <= static_cast<int>(answer::Kind::unknown); ++i) {
    all.push_back(answer::name(static_cast<answer::Kind>(i)));
  }
  EXPECT_EQ(known, all);
}

TEST(StackJson, HasTheThreads) {
  nlohmann::json j = checked("stack", stack_json(example()));
  EXPECT_EQ(j["schema"], "inquest.stack/1");
  EXPECT_EQ(j["threads"].size(), 4u);
  EXPECT_FALSE(j.contains("verdict"));
}

TEST(JsonSchema, FindsFaults) {
  nlohmann::json j = nlohmann::json::parse(why_json(example()));
  j["verdict"]["cause"] = "bad luck";
  j["dump"]["surprise"] = 1;
  j["threads"][0]["frames"][0]["pc"] = "401234";
  j.erase("warnings");
  EXPECT_EQ(testkit::schema_faults(schema("why"), j).size(), 4u);
}

}  // namespace
}  // namespace inquest::report
