#include "objects/references/block_index.h"

#include <gtest/gtest.h>
#include <random>

#include "objects/references/word_filter.h"

namespace inquest::objects {
namespace {

heap::Block block_of(uint64_t begin, uint64_t size) {
  heap::Block block;
  block.begin = begin;
  block.size = size;
  return block;
}

void expect_same_as_search(const std::vector<heap::Block>& blocks, std::mt19937_64& random) {
  heap::Heaps heaps;
  heaps.blocks = blocks;
  BlockIndex index(blocks);
  auto check = [&](uint64_t at) {
    const heap::Block* found = heaps.block_at({at});
    uint32_t wanted = found ? static_cast<uint32_t>(found - heaps.blocks.data()) : kNoBlock;
    ASSERT_EQ(index.find(at), wanted) << std::hex << at;
  };
  for (int i = 0; i < 20000; ++i) {
    const heap::Block& block = blocks[random() % blocks.size()];
    check(block.begin + random() % (block.size + 16));
    check(block.begin - random() % 300);
    check(random() % (uint64_t{1} << 48));
  }
  for (uint64_t at : {uint64_t{0}, index.low() - 1, index.low(), index.low() + index.span() - 1,
                      index.low() + index.span(), UINT64_MAX})
    check(at);
}

TEST(BlockIndex, FindsWhatASearchFinds) {
  std::mt19937_64 random(1);
  // Dense small blocks, blocks with holes, blocks far apart, huge ones, all in one list.
  for (uint64_t spread : {1, 60, 5000, 3 << 20}) {
    std::vector<heap::Block> blocks;
    uint64_t at = 0x555500000010;
    for (int i = 0; i < 30000; ++i) {
      uint64_t size = 1 + random() % 120;
      if (random() % 5000 == 0) size += 5ull << 30;
      blocks.push_back(block_of(at, size));
      at += size + random() % spread;
      if (i == 20000) at = 0x7f0000000000;
    }
    expect_same_as_search(blocks, random);
  }
}

TEST(BlockIndex, TakesABlockOfNoBytes) {
  std::vector<heap::Block> blocks{block_of(0x1000, 0), block_of(0x1010, 8)};
  BlockIndex index(blocks);
  EXPECT_EQ(index.find(0x1000), 0u);
  EXPECT_EQ(index.find(0x1001), kNoBlock);
  EXPECT_EQ(index.find(0x1010), 1u);
}

TEST(BlockIndex, IsBoundedWhereverTheBlocksLie) {
  std::vector<heap::Block> blocks;
  for (uint64_t i = 0; i < 100000; ++i) blocks.push_back(block_of(i << 31, 64));
  EXPECT_LT(BlockIndex(blocks).own_bytes(), 4u << 20);
}

TEST(WordFilter, FastAndPlainAgree) {
  std::mt19937_64 random(2);
  std::vector<uint64_t> words(1000);
  const WordFilter filters[] = {
      {.low = 0x555500000000, .span = 1 << 30},
      {.keep = (1ull << 48) - 1, .low = 0x555500000000, .span = 1ull << 46},
      {.low = 0, .span = 0},
      {.low = 5, .span = UINT64_MAX},
      {.low = UINT64_MAX - 10, .span = 10}};
  for (const WordFilter& filter : filters) {
    for (uint64_t& word : words) {
      word = filter.low + random() % (filter.span == 0 ? 9 : filter.span) + (random() % 3 - 1) * 8;
      if (random() % 3 == 0) word = random();
      if (random() % 9 == 0) word = filter.low + filter.span;
    }
    auto* bytes = reinterpret_cast<const std::byte*>(words.data());
    for (size_t count : {size_t{0}, size_t{1}, size_t{15}, size_t{16}, size_t{17}, words.size()}) {
      std::vector<uint32_t> fast(count + 1), plain(count + 1);
      fast.resize(filter_words_64(bytes, count, filter, fast.data()));
      plain.resize(filter_words_plain(bytes, count, filter, plain.data()));
      EXPECT_EQ(fast, plain);
      for (uint32_t at : plain) EXPECT_TRUE(filter.passes(words[at]));
    }
  }
}

}  // namespace
}  // namespace inquest::objects
