#include "report/diff_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/gathering_sentence.h"

namespace inquest::report {
namespace {

using testing::HasSubstr;
using testing::Not;

answer::Gathering chat_lines() {
  answer::Gathering gathering;
  gathering.path = {{.type = "std::map<std::string, Room> node", .member = "rooms", .blocks = 20},
                    {.type = "ChatLog", .member = "log", .blocks = 20},
                    {.type = "Line* []", .member = "lines", .blocks = 20}};
  gathering.bytes = 3 << 20;
  gathering.kept = 4 << 20;
  gathering.largest = Address{0x5581};
  gathering.largest_kept = 3 << 20;
  gathering.kinds = {{.type = "Line", .blocks = 3000, .bytes = 1 << 20},
                     {.size = 64, .blocks = 3000, .bytes = 2 << 20}};
  return gathering;
}

answer::Growth grown(std::string what, std::vector<uint64_t> bytes, bool confirmed) {
  answer::Growth growth{.what = std::move(what), .confirmed = confirmed};
  for (uint64_t some : bytes) growth.at.push_back({some / 100, some});
  return growth;
}

answer::Diff three_dumps() {
  answer::Diff diff;
  diff.dumps.resize(3);
  diff.one_process = true;
  diff.total = grown("all used blocks", {100 << 20, 101 << 20, 103 << 20}, true);
  diff.lost = grown("lost", {0, 0, 0}, false);
  diff.noise = 1 << 20;
  diff.owners = {grown("global g_rooms", {1 << 20, 2 << 20, 4 << 20}, true),
                 grown("global g_replay", {0, 0, 9 << 20}, false)};
  diff.owners[0].gathering = chat_lines();
  diff.types = {grown("Line", {0, 1 << 20, 2 << 20}, true)};
  diff.ages = {.born = {3000, 3 << 20}, .gone = {10, 1000}, .alive = {2900, 2900 << 10}};
  diff.ages->survivors = {{.type = "Line", .born = {3000, 3 << 20}, .alive = {2900, 2900 << 10}}};
  diff.pace = {.hours = 3, .bytes_per_hour = 1 << 20, .by_file_times = false};
  diff.pace->end = {{.what = "address space (RLIMIT_AS)",
                     .used = uint64_t{3} << 30,
                     .most = uint64_t{4} << 30,
                     .hours = 100}};
  return diff;
}

TEST(DiffReport, NamesTheObjectThatGathers) {
  EXPECT_EQ(gathering_sentence("global g_server", chat_lines()),
            "`ChatLog` of global g_server.rooms, member lines: "
            "+3 MiB in +3,000 `Line` (1 MiB), +3,000 blocks of 64 bytes (2 MiB); of the 20 blocks "
            "that hold them, the one at 0x5581 keeps 3 MiB of 4 MiB");
  answer::Gathering own;
  own.bytes = 100;
  own.kinds = {{.type = "Line", .blocks = 1, .bytes = 100}};
  EXPECT_EQ(gathering_sentence("global g_lines", own),
            "global g_lines: +100 bytes in +1 `Line` (100 bytes)");
  answer::Gathering larger;
  larger.path = {{.type = "int []", .blocks = 1}};
  larger.bytes = 100;
  larger.largest = Address{0x7f10};
  larger.largest_kept = 400;
  EXPECT_EQ(gathering_sentence("global g_ints", larger),
            "global g_ints: +100 bytes in the block at 0x7f10, 400 bytes now");
}

TEST(DiffReport, TellsTheTrendOfThreeDumps) {
  std::string text = diff_text(three_dumps(), {});
  EXPECT_THAT(text, HasSubstr("3 MiB more than in the first of 3 dumps"));
  EXPECT_THAT(text, HasSubstr("global g_rooms grew in every step, +3 MiB in all."));
  EXPECT_THAT(text, HasSubstr("+1 MiB an hour, over 3 hours."));
  EXPECT_THAT(text, HasSubstr("An estimate: at this pace"));
  EXPECT_THAT(text, HasSubstr("is used up in 4 days"));
  EXPECT_THAT(text, HasSubstr("step 2"));
  EXPECT_THAT(text, HasSubstr("every step  global g_rooms"));
  EXPECT_THAT(text, HasSubstr("new         global g_replay"));
  EXPECT_THAT(text, HasSubstr("2,900 (2.8 MiB) are still there in the last dump"));
}

TEST(DiffReport, TwoDumpsAreNoTrend) {
  answer::Diff diff = three_dumps();
  diff.dumps.resize(2);
  diff.pace.reset();
  for (auto* rows : {&diff.owners, &diff.types}) {
    for (answer::Growth& row : *rows) row.at.resize(2), row.confirmed = false;
  }
  diff.total.at.resize(2);
  diff.lost.at.resize(2);
  std::string text = diff_text(diff, {});
  EXPECT_THAT(text, HasSubstr("1 MiB more than before"));
  EXPECT_THAT(text, Not(HasSubstr("step")));
  EXPECT_THAT(text, Not(HasSubstr("an hour")));
  EXPECT_THAT(diff_csv(diff), HasSubstr("owner,global g_rooms,10485,20971,1048576,2097152,,"));
}

TEST(DiffReport, ListsForSpreadsheets) {
  std::string csv = diff_csv(three_dumps());
  EXPECT_THAT(csv, HasSubstr(",yes,1048576 2097152 4194304\n"));
  EXPECT_THAT(csv, HasSubstr("survivors,Line,3000,2900,3145728,2969600,,\n"));
}

}  // namespace
}  // namespace inquest::report
