#include "objects/dominators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <set>

#include "objects/dominators/dominator_tree.h"
#include "objects/test_heap.h"

namespace inquest::objects {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Every root word is an owner of its own.
Dominators find_all(TestHeap& heap, const References& references) {
  std::vector<RootOwner> owners;
  std::vector<uint32_t> owner_of;
  for (const Root& root : references.roots()) {
    owner_of.push_back(static_cast<uint32_t>(owners.size()));
    owners.push_back({.name = "owner", .kind = root.kind, .at = root.at});
  }
  return Dominators::find(heap.heaps(), references, owners, owner_of);
}

TEST(Dominators, OneGlobalKeepsATree) {
  TestHeap heap;
  BlockId a = heap.next_block(), b = heap.next_block(), c = heap.next_block(),
          d = heap.next_block();
  heap.put(TestHeap::kData, heap.address(a));
  heap.point(a, b, 0);
  heap.point(a, c, 1);
  heap.point(b, d, 0);
  heap.point(c, d, 0);
  References references = heap.find();
  Dominators dominators = find_all(heap, references);
  EXPECT_EQ(dominators.parent(d), a) << "by b and by c";
  EXPECT_EQ(dominators.parent(a), kFirstOwner);
  EXPECT_EQ(dominators.parent(kFirstOwner), kAllRoots);
  EXPECT_EQ(dominators.retained_bytes(a), 256u);
  EXPECT_EQ(dominators.retained_bytes(b), 64u);
  EXPECT_EQ(dominators.retained_blocks(kFirstOwner), 4u);
  EXPECT_EQ(dominators.retained_blocks(kAllRoots), 4u);
  EXPECT_EQ(dominators.retained_blocks(kNobody), 0u);
  EXPECT_THAT(dominators.children(a), testing::UnorderedElementsAre(b, c, d));
  EXPECT_EQ(dominators.largest_child(kAllRoots), kFirstOwner);
  EXPECT_EQ(dominators.largest_child(d), kNobody);
  EXPECT_GT(dominators.own_bytes(), 0u);
}

TEST(Dominators, TwoOwnersKeepTogether) {
  TestHeap heap;
  BlockId a = heap.next_block(), b = heap.next_block();
  heap.put(TestHeap::kData, heap.address(a));
  heap.put(TestHeap::kData + 64, heap.address(a));
  heap.put(TestHeap::kData + 128, heap.address(b));
  References references = heap.find();
  Dominators dominators = find_all(heap, references);
  EXPECT_EQ(dominators.parent(a), kAllRoots);
  EXPECT_EQ(dominators.parent(b), kFirstOwner + 2);
  EXPECT_EQ(dominators.retained_blocks(kFirstOwner), 0u);
  EXPECT_EQ(dominators.retained_blocks(kAllRoots), 2u);
  EXPECT_EQ(dominators.children(kAllRoots).size(), 4u);
}

TEST(Dominators, AThreadThatOnlyLooksDoesNotKeep) {
  TestHeap heap;
  BlockId map = heap.next_block(), node = heap.next_block(), own = heap.next_block();
  heap.put(TestHeap::kData, heap.address(map));
  heap.point(map, node);
  heap.put(TestHeap::kSp + 8, heap.address(node));
  heap.put(TestHeap::kSp + 16, heap.address(own));
  heap.point(own, node);
  References references = heap.find();
  Dominators dominators = find_all(heap, references);
  EXPECT_EQ(dominators.parent(node), map);
  Node keeper = dominators.parent(own);
  ASSERT_TRUE(is_owner(keeper));
  EXPECT_EQ(dominators.owners()[keeper - kFirstOwner].kind, RootKind::stack);
}

TEST(Dominators, TheLostHangOnTheirHeads) {
  TestHeap heap;
  BlockId head = heap.next_block(), held = heap.next_block(), other = heap.next_block(),
          shared = heap.next_block(), kept = heap.next_block(),
          freed = heap.block(5 * 80, 64, heap::State::free);
  heap.point(head, held, 0);
  heap.point(head, shared, 1);
  heap.point(other, shared, 0);
  heap.point(other, kept, 1);
  heap.put(TestHeap::kData, heap.address(kept));
  References references = heap.find();
  Dominators dominators = find_all(heap, references);
  EXPECT_EQ(dominators.parent(head), kNobody);
  EXPECT_EQ(dominators.parent(held), head);
  EXPECT_EQ(dominators.parent(shared), kNobody) << "two heads keep it";
  EXPECT_EQ(dominators.parent(kept), kFirstOwner) << "the lost keep nothing";
  EXPECT_EQ(dominators.parent(freed), kNobody);
  EXPECT_EQ(dominators.retained_blocks(freed), 0u);
  EXPECT_EQ(dominators.retained_blocks(kNobody), 4u);
  EXPECT_EQ(dominators.retained_bytes(head), 128u);
}

TEST(Dominators, NothingIsNoReasonToFail) {
  heap::Heaps none;
  snapshot::Snapshot process;
  References references = References::find(process, none, {});
  Dominators dominators = Dominators::find(none, references, {}, {});
  EXPECT_THAT(dominators.children(kAllRoots), IsEmpty());
  EXPECT_EQ(dominators.parent(0), kNobody);
  EXPECT_EQ(dominators.retained_bytes(kAllRoots), 0u);
}

/// Dominators by their definition: a tier at a time, each node is taken away.
class BruteForce {
 public:
  BruteForce(const heap::Heaps& heaps, const References& references)
      : references_(references), tier_(heaps.blocks.size(), kNoTier) {
    for (size_t tier = 0; tier < 3; ++tier) {
      for (BlockId block : reach(tier, kNobody)) tier_[block] = tier;
    }
  }

  /// What is no longer reached, in its own tier, without the node.
  std::set<BlockId> retained(Node removed) const {
    std::set<BlockId> lost;
    for (size_t tier = 0; tier < 3; ++tier) {
      if (is_block(removed) && tier_[removed] != tier) continue;
      auto left = reach(tier, removed);
      for (BlockId i = 0; i < tier_.size(); ++i) {
        if (tier_[i] == tier && !left.contains(i)) lost.insert(i);
      }
    }
    return lost;
  }
  bool is_kept(BlockId block) const { return tier_[block] != kNoTier; }

 private:
  static constexpr size_t kNoTier = 3;

  static size_t tier_of(const Root& root) {
    if (root.into == Into::middle) return 2;
    return root.kind == RootKind::stack || root.kind == RootKind::registers ? 1 : 0;
  }
  std::set<BlockId> reach(size_t tier, Node removed) const {
    std::set<BlockId> seen;
    std::vector<BlockId> left;
    auto take = [&](BlockId block) {
      if (block == removed || tier_[block] < tier || !seen.insert(block).second) return;
      left.push_back(block);
    };
    for (size_t i = 0; i < references_.roots().size(); ++i) {
      const Root& root = references_.roots()[i];
      if (tier_of(root) == tier && kFirstOwner + i != removed) take(root.block);
    }
    while (!left.empty()) {
      BlockId block = left.back();
      left.pop_back();
      for (BlockId target : references_.from(block)) take(target);
    }
    return seen;
  }

  const References& references_;
  std::vector<size_t> tier_;
};

void expect_equal(const BruteForce& truth, const Dominators& dominators, const heap::Heaps& heaps,
                  size_t owners) {
  std::vector<Node> nodes;
  for (BlockId i = 0; i < heaps.blocks.size(); ++i) {
    if (truth.is_kept(i)) nodes.push_back(i);
  }
  for (size_t i = 0; i < owners; ++i) nodes.push_back(kFirstOwner + static_cast<Node>(i));
  for (Node node : nodes) {
    auto retained = truth.retained(node);
    uint64_t bytes = 0;
    for (BlockId block : retained) bytes += heaps.blocks[block].size;
    ASSERT_EQ(dominators.retained_blocks(node), retained.size()) << node;
    ASSERT_EQ(dominators.retained_bytes(node), bytes) << node;
    // Each block that it retains leads up to it.
    for (BlockId block : retained) {
      Node up = block;
      while (up != node && up != kAllRoots && up != kNobody) up = dominators.parent(up);
      ASSERT_EQ(up, node) << block;
    }
    size_t below = 0;
    dominators.each_below(node, [&](BlockId block) { below += retained.contains(block); });
    ASSERT_EQ(below + is_block(node), retained.size());
  }
}

TEST(Dominators, EqualBruteForceOnRandomHeaps) {
  std::mt19937 random(20261122);
  auto below = [&](size_t n) { return random() % n; };
  for (int round = 0; round < 1000; ++round) {
    TestHeap heap;
    size_t count = 1 + below(24);
    for (size_t i = 0; i < count; ++i) {
      auto state = below(10) == 0 ? heap::State::free : heap::State::used;
      heap.block(i * 128, 64 + 8 * below(4), state);
    }
    auto any = [&] { return static_cast<BlockId>(below(count)); };
    for (size_t i = 0, edges = below(3 * count); i < edges; ++i)
      heap.point(any(), any(), static_cast<unsigned>(below(8)), below(6) == 0 ? 24 : 0);
    for (size_t i = 0, roots = 1 + below(5); i < roots; ++i) {
      uint64_t places[] = {TestHeap::kData, TestHeap::kMapping, TestHeap::kSp, TestHeap::kSp};
      heap.put(places[below(4)] + 8 * below(64), heap.address(any()) + (below(4) == 0 ? 32 : 0));
    }
    References references = heap.find({.threads = 1});
    Dominators dominators = find_all(heap, references);
    BruteForce truth(heap.heaps(), references);
    ASSERT_NO_FATAL_FAILURE(
        expect_equal(truth, dominators, heap.heaps(), references.roots().size()))
        << "round " << round;
  }
}

/// The straight way: of each node the deepest of those whose removal cuts it off.
TEST(DominatorTree, EqualsBruteForceOnDenseGraphs) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    uint32_t count = 2 + static_cast<uint32_t>(random() % 40);
    std::vector<std::vector<BlockId>> rows(count);
    for (uint32_t i = 0, edges = static_cast<uint32_t>(random() % (4 * count)); i < edges; ++i)
      rows[random() % count].push_back(static_cast<BlockId>(random() % count));
    FlowGraph graph{.blocks = count,
                    .from = [&](BlockId i) { return std::span<const BlockId>(rows[i]); }};
    graph.tiers = {{{0, 0}}};
    DominatorTree tree = find_dominators(graph);
    auto reached = [&](BlockId removed) {
      std::vector<bool> seen(count);
      std::vector<BlockId> left;
      if (removed != 0) left.push_back(0), seen[0] = true;
      while (!left.empty()) {
        BlockId at = left.back();
        left.pop_back();
        for (BlockId to : rows[at]) {
          if (to != removed && !seen[to]) seen[to] = true, left.push_back(to);
        }
      }
      return seen;
    };
    auto all = reached(count);
    for (BlockId removed = 0; removed < count; ++removed) {
      ASSERT_EQ(tree.numbers[removed] != DominatorTree::kNone, all[removed]);
      if (!all[removed]) continue;
      auto left = reached(removed);
      for (BlockId i = 0; i < count; ++i) {
        if (!all[i]) continue;
        bool dominates = false;
        for (uint32_t up = tree.numbers[i]; up != 0; up = tree.parents[up])
          dominates |= up == tree.numbers[removed];
        ASSERT_EQ(dominates, !left[i]) << removed << " of " << i << ", round " << round;
      }
    }
  }
}

/// Graphs on which a walk up the tree is quadratic, and chains on which recursion would end badly.
TEST(DominatorTree, IsQuickOnGraphsMadeToBeSlow) {
  constexpr uint32_t kCount = 400000;
  // A chain, with an edge from 0 to each, laid so that the chain is the depth-first tree.
  std::vector<std::vector<BlockId>> rows(kCount);
  for (uint32_t i = 0; i + 1 < kCount; ++i) rows[i].push_back(i + 1);
  for (uint32_t i = kCount - 1; i >= 2; --i) {
    rows[i].push_back(i / 2);
    rows[i / 3].push_back(i);
  }
  FlowGraph graph{.blocks = kCount,
                  .from = [&](BlockId i) { return std::span<const BlockId>(rows[i]); }};
  graph.tiers = {{{0, 0}}};
  DominatorTree tree = find_dominators(graph);
  EXPECT_EQ(tree.nodes.size(), kCount + 2u);
  for (uint32_t i = 1; i < tree.parents.size(); ++i) ASSERT_LT(tree.parents[i], i);
}

TEST(DominatorTree, AListHangsTogetherToItsEnd) {
  constexpr uint32_t kCount = 300000;
  std::vector<BlockId> targets;
  for (uint32_t i = 0; i < kCount; ++i) {
    targets.push_back(i == 0 ? 0 : i - 1);
    targets.push_back(i + 1 == kCount ? i : i + 1);
  }
  FlowGraph graph{.blocks = kCount, .from = [&](BlockId i) {
                    return std::span<const BlockId>(targets.data() + size_t{2} * i, 2);
                  }};
  graph.tiers = {{{5, 0}}};
  DominatorTree tree = find_dominators(graph);
  for (uint32_t i = 1; i < kCount; ++i)
    ASSERT_EQ(tree.parents[tree.numbers[i]], tree.numbers[i - 1]);
  EXPECT_EQ(tree.nodes[1], kFirstOwner + 5);
}

}  // namespace
}  // namespace inquest::objects
