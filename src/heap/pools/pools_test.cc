#include "heap/pools/pools.h"

#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace inquest::heap {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string error_of(std::string_view text) {
  auto pools = parse_pools(text, "pools.txt");
  return pools ? "" : pools.error().line();
}

TEST(PoolDescription, TakesAllWordsInAnyOrder) {
  auto pools = parse_pools(
      "# pools of the game\n\n"
      "pool particles size 48 stride 64 at game::particles count 0x10 type \"game::Particle*\" "
      "free "
      "*game::pool+0x8 link 16  # behind it\r\n"
      "pool \"two words\" end 0x2000 at 0x1000 size 8",
      "pools.txt");
  ASSERT_TRUE(pools) << pools.error().line();
  ASSERT_EQ(pools->size(), 2u);
  const PoolDescription& first = pools->front();
  EXPECT_EQ(first.name, "particles");
  EXPECT_EQ(first.size, 48u);
  EXPECT_EQ(first.stride, 64u);
  EXPECT_EQ(first.count, 16u);
  EXPECT_EQ(first.type, "game::Particle*");
  EXPECT_EQ(first.at.text(), "game::particles");
  EXPECT_EQ(first.free->text(), "*game::pool+0x8");
  EXPECT_EQ(first.link, 16u);
  EXPECT_EQ(first.line, 3u);
  EXPECT_EQ((*pools)[1].name, "two words");
  EXPECT_EQ((*pools)[1].stride, 8u);
  EXPECT_EQ((*pools)[1].at.text(), "0x1000");
  EXPECT_EQ((*pools)[1].end->text(), "0x2000");
}

TEST(PoolDescription, NamesTheLineAtFault) {
  EXPECT_EQ(error_of("pool p size 8 at x count 1\npol q"),
            "pools.txt: line 2: a line begins with \"pool\", not with \"pol\"");
  EXPECT_THAT(error_of("pool p size eight at x count 1"),
              HasSubstr("\"eight\" behind \"size\" is not a number"));
  EXPECT_THAT(error_of("pool p size 8 at x"), HasSubstr("needs either \"count\" or \"end\""));
  EXPECT_THAT(error_of("pool p size 8 at x count 1 end y"), HasSubstr("either"));
  EXPECT_THAT(error_of("pool p at x count 1"), HasSubstr("no \"size\""));
  EXPECT_THAT(error_of("pool p size 8 count 1"), HasSubstr("no \"at\""));
  EXPECT_THAT(error_of("pool p size 8 size 9 at x count 1"), HasSubstr("stands twice"));
  EXPECT_THAT(error_of("pool p size 8 at 12 count 1"), HasSubstr("is no place"));
  EXPECT_THAT(error_of("pool p size 8 at x+y count 1"), HasSubstr("is no place"));
  EXPECT_THAT(error_of("pool p size 8 at x count 1 stride 4"), HasSubstr("overlap"));
  EXPECT_THAT(error_of("pool p size 8 at x count 1 link 4"), HasSubstr("\"free\" is missing"));
  EXPECT_THAT(error_of("pool p size 8 at x count 1 free y link 8"), HasSubstr("behind the end"));
  EXPECT_THAT(error_of("pool \"p size 8"), HasSubstr("quote is not closed"));
  EXPECT_THAT(error_of("pool p size 8 at x count 99999999999"), HasSubstr("is more than"));
  EXPECT_THAT(error_of("pool p size"), HasSubstr("nothing behind it"));
  EXPECT_THAT(error_of("pool p size 8 at x count 1 colour red"), HasSubstr("is not one of"));
  EXPECT_THAT(error_of("# nothing\n"), HasSubstr("no pool is described"));
}

/// A heap block of 1,024 bytes at kHeap that holds an array, and a pointer to its free list.
class PoolsTest : public testing::Test {
 protected:
  static constexpr uint64_t kHeap = 0x10000, kGlobal = 0x20000;

  PoolsTest() : heap_(2048), global_(256) {
    heaps_.allocators.push_back({.name = "glibc"});
    heaps_.arenas.push_back({.name = "main arena", .segments = {{{kHeap}, {kHeap + 2048}}}});
    add_block(kHeap + 16, 1008, State::used);
    add_block(kHeap + 1040, 1000, State::free);
  }
  void add_block(uint64_t at, uint64_t size, State state) {
    Block block;
    block.begin = at;
    block.size = size;
    block.set_state(state);
    heaps_.blocks.push_back(block);
  }
  void put(uint64_t at, uint64_t value) {
    auto& bytes = at < kGlobal ? heap_ : global_;
    std::memcpy(bytes.data() + (at - (at < kGlobal ? kHeap : kGlobal)), &value, 8);
  }
  void find(std::string_view text) {
    process_.memory.add({kHeap}, heap_, snapshot::Origin::dump, nullptr);
    process_.memory.add({kGlobal}, global_, snapshot::Origin::dump, nullptr);
    auto pools = parse_pools(text, "pools.txt");
    ASSERT_TRUE(pools) << pools.error().line();
    auto symbol = [](std::string_view name) -> std::optional<Address> {
      if (name == "slots" || name == "_ZN4game5slotsE") return Address{kGlobal + 64};
      if (name == "_ZL4head") return Address{kGlobal};
      return {};
    };
    add_pools({process_, symbol}, *pools, "pools.txt", heaps_);
  }
  std::vector<std::string> blocks() const {
    std::vector<std::string> out;
    for (const Block& block : heaps_.blocks) {
      out.push_back(fmt::format("{:#x} {} {} {}", uint64_t{block.begin}, uint64_t{block.size},
                                name(block.state()), uint64_t{block.arena}));
    }
    return out;
  }

  std::vector<std::byte> heap_, global_;
  snapshot::Snapshot process_;
  Heaps heaps_;
};

TEST_F(PoolsTest, FollowsTheFreeListOfAGlobalArray) {
  put(kGlobal, kGlobal + 64 + 32);  // head -> the second
  put(kGlobal + 64 + 32 + 8, kGlobal + 64 + 96);
  find("pool slots size 24 stride 32 at game::slots count 4 free head link 8 type game::Slot");
  EXPECT_THAT(heaps_.warnings, testing::IsEmpty());
  EXPECT_THAT(blocks(),
              ElementsAre("0x10010 1008 used 0", "0x10410 1000 free 0", "0x20040 24 used 1",
                          "0x20060 24 free 1", "0x20080 24 used 1", "0x200a0 24 free 1"));
  EXPECT_EQ(heaps_.allocators[1].name, "pool slots");
  EXPECT_EQ(heaps_.arenas[1].name, "pool slots");
  EXPECT_THAT(heaps_.allocators[1].layout, HasSubstr("game::Slot of 24 bytes, as pools.txt:1"));
  EXPECT_THAT(heaps_.arenas[1].segments, ElementsAre(AddressRange{{0x20040}, {0x200b8}}));
}

TEST_F(PoolsTest, TakesTheBlockApartThatItLiesIn) {
  put(kGlobal + 8, kHeap + 64);
  find("pool a size 100 at *0x20008 count 2\npool b size 16 at 0x10200 end 0x10240\n");
  EXPECT_THAT(heaps_.warnings, testing::IsEmpty());
  EXPECT_THAT(blocks(), ElementsAre("0x10010 48 used 0", "0x10040 100 used 1", "0x100a4 100 used 1",
                                    "0x10200 16 used 2", "0x10210 16 used 2", "0x10220 16 used 2",
                                    "0x10230 16 used 2", "0x10410 1000 free 0"));
  // What is left of it behind the pools is nobody's: a place for roots.
  EXPECT_THAT(heaps_.arenas[0].segments, ElementsAre(AddressRange{{kHeap}, {0x10108}},
                                                     AddressRange{{0x10400}, {kHeap + 2048}}));
}

TEST_F(PoolsTest, SaysWhereAFreeListLeadsAstray) {
  put(kGlobal, kGlobal + 64);
  put(kGlobal + 64, kGlobal + 80);
  put(kGlobal + 80, kGlobal + 85);
  put(kGlobal + 16, kGlobal + 128);
  put(kGlobal + 128, kGlobal + 128);
  find(
      "pool a size 16 at slots count 4 free head\npool b size 16 at 0x20080 count 2 free "
      "0x20010\n");
  ASSERT_EQ(heaps_.faults.size(), 2u);
  EXPECT_EQ(heaps_.faults[0].at, Address{kGlobal + 80});
  EXPECT_THAT(heaps_.faults[0].what, HasSubstr("leads to 0x20055, where no block of it begins"));
  EXPECT_EQ(heaps_.faults[1].at, Address{kGlobal + 128});
  EXPECT_THAT(heaps_.faults[1].what, HasSubstr("a second time"));
}

TEST_F(PoolsTest, LeavesOutWhatCannotBe) {
  find(
      "pool a size 16 at nowhere count 4\n"
      "pool b size 16 at 0x10420 count 4\n"             // in a block that is free
      "pool c size 16 at 0x10300 count 40\n"            // reaches over its block
      "pool d size 16 at 0x5000000 count 4\n"           // not in the dump
      "pool e size 16 at 0xffffffffffff0000 count 4\n"  // no address
      "pool f size 64 at 0x20000 end 0x20010\n"         // no room for one
      "pool g size 16 at slots count 2\n"
      "pool h size 16 at slots+0x10 count 2\n");  // over g
  std::vector<std::string> said;
  for (const Warning& warning : heaps_.warnings) said.push_back(warning.what);
  EXPECT_THAT(
      said,
      ElementsAre(HasSubstr("pools.txt:1: pool a was left out: no module has a symbol nowhere"),
                  HasSubstr("given back"), HasSubstr("reaches over the block of 1008 bytes"),
                  HasSubstr("not in the dump"), HasSubstr("no address"),
                  HasSubstr("holds no block"), HasSubstr("overlaps a pool")));
  EXPECT_EQ(heaps_.blocks.size(), 4u);
}

}  // namespace
}  // namespace inquest::heap
