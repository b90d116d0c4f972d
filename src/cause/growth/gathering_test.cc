#include "cause/growth/gathering.h"

#include <gtest/gtest.h>

namespace inquest::cause {
namespace {

/// The kinds of a dump, one below the other.
class KindsOfDump {
 public:
  explicit KindsOfDump(const std::string& owner, uint64_t bytes) {
    kinds_.push_back({.type = owner, .kept = {1, bytes}});
  }
  /// Returns its index, for those below it.
  uint32_t add(uint32_t parent, KeptKind kind) {
    kind.parent = parent;
    kinds_.push_back(std::move(kind));
    return static_cast<uint32_t>(kinds_.size() - 1);
  }
  const std::vector<KeptKind>& kinds() const { return kinds_; }

 private:
  std::vector<KeptKind> kinds_;
};

/// global g_rooms -> 5 Room -> 5 ChatLog -> 5 buffers -> `lines` Line.
KindsOfDump chat(uint64_t lines, uint64_t other) {
  const uint64_t bytes = lines * 100;
  KindsOfDump dump("global g_rooms", bytes + other);
  uint32_t room = dump.add(0, {.type = "Room", .kept = {5, bytes}, .own = {5, 500}});
  uint32_t log =
      dump.add(room, {.type = "ChatLog", .member = "log", .kept = {5, bytes}, .own = {5, 200}});
  uint32_t buffer = dump.add(log, {.type = "Line* []",
                                   .member = "lines",
                                   .kept = {5, bytes},
                                   .own = {5, lines * 8},
                                   .largest = {0x1000},
                                   .largest_kept = bytes / 2});
  dump.add(buffer, {.type = "Line", .kept = {lines, lines * 90}, .own = {lines, lines * 90}});
  dump.add(0, {.type = "Guild", .kept = {1, other}, .own = {1, other}});
  return dump;
}

std::optional<answer::Gathering> gathering_of(const KindsOfDump& before, const KindsOfDump& after) {
  KeptGrowth growth;
  auto same = [](const std::string& name) { return name; };
  growth.add(before.kinds(), true, false, same);
  growth.add(after.kinds(), false, true, same);
  return growth.of("global g_rooms");
}

TEST(Gathering, IsWhereThereIsMoreOfWhatIsBelow) {
  auto found = gathering_of(chat(1000, 50), chat(4000, 60));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->path.size(), 3u);
  EXPECT_EQ(found->path[1].type, "ChatLog");
  EXPECT_EQ(found->path[1].member, "log");
  EXPECT_EQ(found->path[2].member, "lines");
  EXPECT_EQ(found->path[2].blocks, 5u);
  EXPECT_EQ(found->bytes, 300000);
  EXPECT_EQ(found->kept, 400000u);
  EXPECT_EQ(found->largest->value, 0x1000u);
  EXPECT_EQ(found->largest_kept, 200000u);
  ASSERT_EQ(found->kinds.size(), 1u);
  EXPECT_EQ(found->kinds[0].type, "Line");
  EXPECT_EQ(found->kinds[0].blocks, 3000);
  EXPECT_EQ(found->kinds[0].bytes, 270000);
}

TEST(Gathering, IsTheOwnerWhereTheGrowthSpreads) {
  auto found = gathering_of(chat(1000, 1000), chat(2000, 101000));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->path.empty());
  EXPECT_FALSE(found->largest);
  ASSERT_EQ(found->kinds.size(), 3u);
  EXPECT_EQ(found->kinds[0].type, "Guild") << "most bytes";
  EXPECT_EQ(found->kinds[0].blocks, 0) << "not more of them, but a larger one";
}

TEST(Gathering, GoesThroughOneNewObject) {
  KindsOfDump before("global g_rooms", 0);
  auto found = gathering_of(before, chat(1000, 0));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->path.empty()) << "five new rooms are what there is more of";
  EXPECT_EQ(found->kinds[0].type, "Room");

  KindsOfDump after("global g_rooms", 90000);
  uint32_t log = after.add(0, {.type = "ChatLog", .kept = {901, 90000}, .own = {1, 100}});
  after.add(log, {.type = "Line", .kept = {900, 89900}, .own = {900, 89900}});
  found = gathering_of(before, after);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->path.size(), 1u);
  EXPECT_EQ(found->path[0].type, "ChatLog");
}

TEST(Gathering, NothingIsSaidOfWhoIsNotKnown) {
  EXPECT_FALSE(KeptGrowth().of("global g_rooms"));
  EXPECT_FALSE(gathering_of(chat(1000, 50), chat(1000, 50))) << "nothing grew";
  KindsOfDump alone("global g_rooms", 100);
  EXPECT_FALSE(gathering_of(alone, alone));
}

}  // namespace
}  // namespace inquest::cause
