#include "objects/references/leak_groups.h"

#include <array>
#include <chrono>
#include <gtest/gtest.h>
#include <random>
#include <set>

#include "objects/test_heap.h"

namespace inquest::objects {
namespace {

TEST(LeakGroups, HeadsHoldTrees) {
  TestHeap heap;
  std::vector<BlockId> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(heap.next_block());
  // 5 -> 3 -> 1, 5 -> 0; 4 alone; 2 -> 3 too, but comes first.
  heap.point(5, 3);
  heap.point(5, 0, 1);
  heap.point(3, 1);
  heap.point(2, 3);
  References refs = heap.find();
  ASSERT_EQ(refs.leaks().size(), 3u);
  EXPECT_EQ(refs.leaks()[0].head, 2u);
  EXPECT_EQ(refs.leaks()[0].blocks, 3u);
  EXPECT_EQ(refs.leaks()[0].bytes, 3 * 64u);
  EXPECT_EQ(refs.leaks()[1].head, 5u);
  EXPECT_EQ(refs.leaks()[1].blocks, 2u);
  EXPECT_EQ(refs.leaks()[2].head, 4u);
  EXPECT_EQ(refs.head_of(1), 2u);
}

TEST(LeakGroups, ACycleHasOneHead) {
  TestHeap heap;
  for (int i = 0; i < 7; ++i) heap.next_block();
  // 1 -> 2 -> 3 -> 1, 3 -> 0; 4 <-> 5, which 6 holds.
  heap.point(1, 2);
  heap.point(2, 3);
  heap.point(3, 1);
  heap.point(3, 0, 1);
  heap.point(4, 5);
  heap.point(5, 4);
  heap.point(6, 5);
  heap.point(6, 6, 1);  // itself
  References refs = heap.find();
  ASSERT_EQ(refs.leaks().size(), 2u);
  EXPECT_EQ(refs.leaks()[0].head, 1u);
  EXPECT_EQ(refs.leaks()[0].blocks, 4u);
  EXPECT_EQ(refs.leaks()[1].head, 6u);
  EXPECT_EQ(refs.leaks()[1].blocks, 3u);
}

TEST(LeakGroups, ACycleThatACycleHoldsIsNoHead) {
  TestHeap heap;
  for (int i = 0; i < 4; ++i) heap.next_block();
  // 2 <-> 3 -> 0 <-> 1
  heap.point(2, 3);
  heap.point(3, 2);
  heap.point(3, 0, 1);
  heap.point(0, 1);
  heap.point(1, 0);
  References refs = heap.find();
  ASSERT_EQ(refs.leaks().size(), 1u);
  EXPECT_EQ(refs.leaks()[0].head, 2u);
  EXPECT_EQ(refs.leaks()[0].blocks, 4u);
}

/// What the definitions say, found the slow way.
struct SlowTruth {
  std::vector<Reach> reach;
  std::vector<std::set<BlockId>> reaches;  // of lost blocks: the lost ones they reach
};

struct Graph {
  size_t blocks;
  std::vector<std::array<uint32_t, 3>> edges;  // from, to, offset into it
  std::vector<std::array<uint32_t, 2>> roots;  // block, offset
};

SlowTruth solve(const Graph& graph) {
  SlowTruth truth;
  truth.reach.assign(graph.blocks, Reach::lost);
  auto spread = [&](Reach kind, bool through_middles) {
    for (bool changed = true; changed;) {
      changed = false;
      for (auto [from, to, offset] : graph.edges) {
        bool takes =
            truth.reach[from] == kind || (through_middles && truth.reach[from] == Reach::reachable);
        if (!takes || truth.reach[to] != Reach::lost || (offset != 0 && !through_middles)) continue;
        truth.reach[to] = kind;
        changed = true;
      }
    }
  };
  for (auto [block, offset] : graph.roots) {
    if (offset == 0) truth.reach[block] = Reach::reachable;
  }
  spread(Reach::reachable, false);
  for (auto [block, offset] : graph.roots) {
    if (truth.reach[block] == Reach::lost) truth.reach[block] = Reach::possible;
  }
  spread(Reach::possible, true);
  truth.reaches.resize(graph.blocks);
  for (BlockId i = 0; i < graph.blocks; ++i) {
    if (truth.reach[i] == Reach::reachable) continue;
    auto& set = truth.reaches[i];
    set.insert(i);
    for (bool changed = true; changed;) {
      changed = false;
      for (auto [from, to, offset] : graph.edges) {
        if (set.contains(from) && truth.reach[to] == truth.reach[i])
          changed |= set.insert(to).second;
      }
    }
  }
  return truth;
}

Graph random_graph(std::mt19937& random) {
  auto below = [&](size_t n) { return static_cast<uint32_t>(random() % n); };
  Graph graph{.blocks = 1 + below(24), .edges = {}, .roots = {}};
  // Offsets that no rule of pointers into the middle explains.
  auto offset = [&] { return below(4) == 0 ? 20u + below(4) : 0u; };
  for (uint32_t i = below(2 * graph.blocks); i > 0; --i)
    graph.edges.push_back({below(graph.blocks), below(graph.blocks), offset()});
  for (uint32_t i = below(4); i > 0; --i) graph.roots.push_back({below(graph.blocks), offset()});
  return graph;
}

TEST(LeakGroups, AgreeWithTheDefinitionsOnRandomGraphs) {
  std::mt19937 random(4711);
  for (int round = 0; round < 1000; ++round) {
    Graph graph = random_graph(random);
    TestHeap heap;
    for (size_t i = 0; i < graph.blocks; ++i) heap.block(i * 600, 512);
    std::vector<unsigned> used(graph.blocks);
    for (auto [from, to, offset] : graph.edges) heap.point(from, to, used[from]++, offset);
    unsigned slot = 0;
    for (auto [block, offset] : graph.roots)
      heap.put(TestHeap::kData + 8 * slot++, heap.address(block) + offset);
    References refs = heap.find();
    SlowTruth truth = solve(graph);

    SCOPED_TRACE(round);
    std::set<BlockId> heads;
    Sum grouped;
    for (const LeakGroup& group : refs.leaks()) {
      EXPECT_TRUE(heads.insert(group.head).second);
      grouped.blocks += group.blocks;
    }
    Sum lost;
    for (BlockId i = 0; i < graph.blocks; ++i) {
      ASSERT_EQ(refs.reach(i), truth.reach[i]) << "block " << i;
      if (truth.reach[i] == Reach::reachable) {
        EXPECT_EQ(refs.head_of(i), References::kNone);
        continue;
      }
      ++lost.blocks;
      BlockId head = refs.head_of(i);
      ASSERT_NE(head, References::kNone);
      EXPECT_TRUE(heads.contains(head));
      EXPECT_TRUE(truth.reaches[head].contains(i)) << head << " does not reach " << i;
      // Whoever reaches a head is on its cycle, and no lower.
      for (BlockId other = 0; other < graph.blocks; ++other) {
        if (truth.reach[other] != truth.reach[head] || !truth.reaches[other].contains(head))
          continue;
        EXPECT_TRUE(truth.reaches[head].contains(other)) << other << " reaches the head " << head;
        EXPECT_GE(other, head);
      }
    }
    EXPECT_EQ(grouped.blocks, lost.blocks);
  }
}

double seconds_of(TestHeap& heap, size_t& groups) {
  auto begin = std::chrono::steady_clock::now();
  References refs = heap.find();
  groups = refs.leaks().size();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

TEST(LeakGroups, LongChainsAndCyclesTakeNoRecursion) {
  constexpr uint32_t kLength = 200000;
  for (bool is_cycle : {false, true}) {
    for (bool is_rooted : {false, true}) {
      TestHeap heap(snapshot::Arch::x86_64, kLength * 80);
      for (uint32_t i = 0; i < kLength; ++i) heap.block(i * 80, 64);
      // Scattered, so that neighbours in the list are none in memory.
      auto at = [](uint32_t i) { return static_cast<uint32_t>(i * 7919ull % kLength); };
      for (uint32_t i = 0; i + 1 < kLength; ++i) heap.point(at(i), at(i + 1));
      if (is_cycle) heap.point(at(kLength - 1), at(0));
      if (is_rooted) heap.put(TestHeap::kData, heap.address(at(0)));
      size_t groups = 0;
      EXPECT_LT(seconds_of(heap, groups), 60.0);
      EXPECT_EQ(groups, is_rooted ? 0u : 1u);
    }
  }
}

TEST(LeakGroups, ManyHeadsThatShareAllCostNoSquare) {
  // 60,000 lost heads that all point to the same chain.
  constexpr uint32_t kHeads = 60000, kChain = 60000;
  TestHeap heap(snapshot::Arch::x86_64, (kHeads + kChain) * 80);
  for (uint32_t i = 0; i < kHeads + kChain; ++i) heap.block(i * 80, 64);
  for (uint32_t i = 0; i < kHeads; ++i) heap.point(i, kHeads);
  for (uint32_t i = 0; i + 1 < kChain; ++i) heap.point(kHeads + i, kHeads + i + 1);
  size_t groups = 0;
  EXPECT_LT(seconds_of(heap, groups), 60.0);
  EXPECT_EQ(groups, kHeads);
}

}  // namespace
}  // namespace inquest::objects
