#include "cause/growth/block_ages.h"

#include <gtest/gtest.h>

namespace inquest::cause {
namespace {

/// Types by size: 100 bytes and more have one.
BlockTypes types_by_size() {
  return {.type_of = [](const heap::Block& block) -> uint64_t {
            return block.size < 100 ? 0 : block.size;
          },
          .name_of = [](uint64_t type) { return type == 999 ? "" : fmt::format("T{}", type); }};
}

heap::Heaps heap_of(std::vector<std::pair<uint64_t, uint64_t>> blocks) {
  heap::Heaps heaps;
  for (auto [begin, size] : blocks) {
    heap::Block block;
    block.begin = begin;
    block.size = size;
    heaps.blocks.push_back(block);
  }
  return heaps;
}

TEST(BlockAges, TellWhatCameWentAndStayed) {
  BlockAges ages;
  ages.add(heap_of({{0x10, 200}, {0x200, 200}, {0x400, 50}}), types_by_size());
  EXPECT_FALSE(ages.ages()) << "one dump tells nothing";
  // One went, one came in front, one between, one behind; one address was used again otherwise.
  ages.add(heap_of({{0x8, 300}, {0x10, 200}, {0x300, 300}, {0x400, 200}, {0x800, 300}}),
           types_by_size());
  auto two = ages.ages();
  ASSERT_TRUE(two);
  EXPECT_EQ(two->born.blocks, 4u);
  EXPECT_EQ(two->born.bytes, 1100u);
  EXPECT_EQ(two->gone.blocks, 2u);
  EXPECT_EQ(two->gone.bytes, 250u);
  EXPECT_EQ(two->alive.blocks, 4u);

  // Of the born, 0x300 goes; what comes now is not counted.
  ages.add(heap_of({{0x8, 300}, {0x10, 200}, {0x400, 200}, {0x800, 300}, {0x900, 300}}),
           types_by_size());
  auto three = ages.ages();
  EXPECT_EQ(three->born.blocks, 4u);
  EXPECT_EQ(three->alive.blocks, 3u);
  ASSERT_EQ(three->survivors.size(), 2u);
  EXPECT_EQ(three->survivors[0].type, "T300");
  EXPECT_EQ(three->survivors[0].born.blocks, 3u);
  EXPECT_EQ(three->survivors[0].alive.blocks, 2u);
  EXPECT_EQ(three->survivors[1].type, "T200");
  EXPECT_EQ(three->survivors[1].alive.bytes, 200u);

  ages.add(heap_of({{0x900, 300}}), types_by_size());
  EXPECT_EQ(ages.ages()->alive.blocks, 0u) << "they must be there in every dump after";
  ages.drop();
  EXPECT_FALSE(ages.ages());
}

TEST(BlockAges, ABlockWhoseTypeIsNotKnownIsTheSame) {
  BlockAges ages;
  BlockTypes none{.type_of = [](const heap::Block&) -> uint64_t { return 0; },
                  .name_of = [](uint64_t) { return ""; }};
  ages.add(heap_of({{0x10, 200}}), none);
  ages.add(heap_of({{0x10, 200}}), types_by_size());
  EXPECT_EQ(ages.ages()->born.blocks, 0u);
  EXPECT_EQ(ages.ages()->gone.blocks, 0u);
}

TEST(BlockAges, OnlyUsedBlocksCount) {
  heap::Heaps freed = heap_of({{0x10, 200}});
  freed.blocks[0].set_state(heap::State::cached);
  BlockAges ages;
  ages.add(freed, types_by_size());
  ages.add(heap_of({{0x10, 200}}), types_by_size());
  EXPECT_EQ(ages.ages()->born.blocks, 1u);
}

TEST(BlockAges, TypesWithoutANameAreNotKnown) {
  const BlockTypes types = types_by_size();
  NamesOfTypes names(types);
  heap::Heaps heaps = heap_of({{0x10, 999}, {0x800, 10}, {0x900, 120}});
  EXPECT_EQ(names.of(heaps.blocks[0]), kUnknownType);
  EXPECT_EQ(names.of(heaps.blocks[1]), kUnknownType);
  EXPECT_EQ(names.of(heaps.blocks[2]), "T120");
}

}  // namespace
}  // namespace inquest::cause
