#include "cause/heap/suspects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cause/heap/owners.h"
#include "cause/test_process.h"

namespace inquest::cause {
namespace {

using testing::ElementsAre;

constexpr uint64_t kHeldHeap = 0x555500000000, kHeldData = 0x403000, kHeldStack = 0x7ffc00000000,
                   kHeldTable = 0x402010;

/// A heap built block by block, global words and a stack that hold some.
class HeldHeap {
 public:
  HeldHeap() : heap_(1 << 20), data_(8192), stack_(4096), constants_(4096) {
    put(constants_, 0x08, 0x402100);
    put(constants_, 0x10, 0x401000);
    put(constants_, 0x100, 0x402200);
    put(constants_, 0x108, 0x402300);
    std::memcpy(constants_.data() + 0x300, "7ChatLog", 9);
    heaps_.arenas = {{.segments = {{{kHeldHeap}, {kHeldHeap + heap_.size()}}}}};
  }
  uint32_t block(uint64_t size) {
    heap::Block block;
    block.begin = kHeldHeap + end_;
    block.size = size;
    end_ += (size + 31) / 16 * 16;
    heaps_.blocks.push_back(block);
    return static_cast<uint32_t>(heaps_.blocks.size() - 1);
  }
  uint64_t at(uint32_t block) const { return heaps_.blocks[block].begin; }
  void point(uint32_t from, size_t word, uint64_t value) {
    put(heap_, at(from) - kHeldHeap + word * 8, value);
  }
  void global(uint64_t offset, uint32_t block) { put(data_, offset, at(block)); }
  void on_stack(uint64_t offset, uint32_t block) { put(stack_, offset, at(block)); }

  std::vector<answer::Suspect> find() {
    DeadProcess dead;
    auto process = dead.module(0x401000, 0x4000, "/bin/game", true)
                       .map(0x401000, std::vector<std::byte>(16), "r-x", "/bin/game")
                       .map(0x402000, constants_, "r--", "/bin/game")
                       .map(kHeldData, data_, "rw-", "/bin/game")
                       .map(kHeldHeap, heap_, "rw-", "[heap]")
                       .map(kHeldStack, stack_, "rw-", "[stack]")
                       .thread(12, "worker", {{"rsp", kHeldStack}, {"rip", 0x401000}})
                       .open();
    auto references = objects::References::find(process->snapshot(), heaps_, {});
    RootOwners roots = find_owners(*process, references.roots());
    owners_ = roots.owners;
    auto dominators =
        objects::Dominators::find(heaps_, references, std::move(roots.owners), roots.owner_of);
    BlockTypes types = types_by_virtual_table(*process);
    return find_suspects({.heaps = heaps_,
                          .references = references,
                          .dominators = dominators,
                          .owner_of = roots.owner_of,
                          .types = types,
                          .least_bytes = 1000});
  }
  const std::vector<objects::RootOwner>& owners() const { return owners_; }

 private:
  static void put(std::vector<std::byte>& bytes, size_t at, uint64_t value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
  }
  std::vector<std::byte> heap_, data_, stack_, constants_;
  heap::Heaps heaps_;
  uint64_t end_ = 0;
  std::vector<objects::RootOwner> owners_;
};

TEST(Suspects, NameWhereTheBytesSpread) {
  HeldHeap heap;
  uint32_t server = heap.block(64), log = heap.block(4096);
  heap.global(0x100, server);
  heap.point(server, 1, heap.at(log));
  heap.point(log, 0, kHeldTable);
  for (uint32_t i = 0; i < 400; ++i) {
    uint32_t line = heap.block(48);
    heap.point(log, 1 + i, heap.at(line));
    if (i % 100 == 0) heap.on_stack(8 * i / 100, line);  // who only looks keeps nothing
  }
  auto suspects = heap.find();
  ASSERT_EQ(suspects.size(), 1u);
  const answer::Suspect& suspect = suspects.front();
  EXPECT_THAT(suspect.owners, ElementsAre("data of game+0x2100"));
  EXPECT_EQ(suspect.holder->value, heap.at(log));
  EXPECT_EQ(suspect.holder_size, 4096u);
  EXPECT_EQ(suspect.holder_type, "ChatLog");
  EXPECT_EQ(suspect.blocks, 401u);
  EXPECT_EQ(suspect.bytes, 4096u + 400 * 48);
  EXPECT_GT(suspect.share, 0.99);
  ASSERT_EQ(suspect.kinds.size(), 1u);
  EXPECT_EQ(suspect.kinds[0].size, 48u);
  EXPECT_EQ(suspect.kinds[0].blocks, 400u);
}

TEST(Suspects, AListIsHeldByWhoHoldsItsBegin) {
  HeldHeap heap;
  uint32_t holder = heap.block(64);
  heap.on_stack(16, holder);
  uint32_t last = holder;
  for (int i = 0; i < 500; ++i) {
    uint32_t node = heap.block(24), payload = heap.block(200);
    heap.point(last, 2, heap.at(node));
    heap.point(node, 0, heap.at(payload));
    last = node;
  }
  auto suspects = heap.find();
  ASSERT_EQ(suspects.size(), 1u);
  EXPECT_EQ(suspects[0].holder->value, heap.at(holder));
  EXPECT_THAT(suspects[0].owners, ElementsAre("thread 12 worker, stack"));
  ASSERT_EQ(suspects[0].kinds.size(), 2u);
  EXPECT_EQ(suspects[0].kinds[0].size, 200u);
}

TEST(Suspects, ATreeIsHeldByWhoHoldsItsRoot) {
  HeldHeap heap;
  uint32_t first = heap.block(48);
  heap.global(0x200, first);
  for (uint32_t i = 1; i < 1000; ++i) {
    uint32_t node = heap.block(48), above = (i - 1) / 2;
    heap.point(above, 1 + i % 2, heap.at(node));
    heap.point(node, 0, heap.at(above));
  }
  auto suspects = heap.find();
  ASSERT_EQ(suspects.size(), 1u);
  EXPECT_FALSE(suspects[0].holder);
  EXPECT_EQ(suspects[0].blocks, 1000u);
}

TEST(Suspects, AHolderOfFewLargeThingsIsPassedBy) {
  HeldHeap heap;
  uint32_t server = heap.block(64);
  heap.global(0, server);
  for (uint64_t size : {1024, 2048}) {
    uint32_t table = heap.block(size);
    heap.point(server, size / 1024, heap.at(table));
    for (size_t i = 0; i < 100; ++i) {
      uint32_t item = heap.block(size / 16);
      heap.point(table, i, heap.at(item));
    }
  }
  auto suspects = heap.find();
  ASSERT_EQ(suspects.size(), 2u);
  EXPECT_EQ(suspects[0].holder_size, 2048u);
  EXPECT_EQ(suspects[1].holder_size, 1024u);
}

TEST(Suspects, WhatSeveralKeepIsCountedToThemTogether) {
  HeldHeap heap;
  for (uint64_t i = 0; i < 100; ++i) {
    uint32_t item = heap.block(96);
    heap.global(i * 8, item);
    heap.global(0x1000 + i * 8, item);
  }
  auto suspects = heap.find();
  ASSERT_EQ(suspects.size(), 1u);
  EXPECT_THAT(suspects[0].owners, ElementsAre("data of game+0x3000", "data of game+0x2000"));
  EXPECT_EQ(suspects[0].blocks, 100u);
  EXPECT_FALSE(suspects[0].holder);
  EXPECT_EQ(heap.owners().size(), 2u) << "neighbouring words are one variable";
}

TEST(Suspects, NothingToSuspectInALittleHeap) {
  HeldHeap heap;
  heap.global(0, heap.block(64));
  EXPECT_TRUE(heap.find().empty());
}

}  // namespace
}  // namespace inquest::cause
