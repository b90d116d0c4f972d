/// Immediate dominators of a graph of millions of nodes, below owners in tiers.
///
/// Semi-NCA (Georgiadis, "Linear-Time Algorithms for Dominators and Related Problems", Princeton
/// 2005, 2.3): semidominators in reverse preorder with path compression, then for every node the
/// nearest common ancestor of its parent and its semidominator. Walking there is quadratic on
/// graphs that are made for it, and dumps come from anybody; so ancestors are found by jump
/// pointers (Myers, "An applicative random-access stack", IPL 17, 1983): O(m log n) for any graph.
///
/// The semidominators need predecessors, but no reverse graph: a depth-first search meets each edge
/// once, and an edge that is none of its tree is then known by both numbers. These are kept by
/// 65,536 targets together, 6 bytes each; when the turn of such a bundle comes it is sorted in the
/// cache, used and freed. Nothing recurses; no stack but the tree itself. 24 bytes a node.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "objects/dominators.h"

namespace inquest::objects {

/// An owner keeps a block.
struct Entry {
  uint32_t owner;
  BlockId block;
  friend auto operator<=>(const Entry&, const Entry&) = default;
};

struct FlowGraph {
  uint32_t blocks = 0;
  size_t expected = 0;  ///< how many nodes there will be at most, where that is known
  /// Whom a block points to; itself is passed over. Borrowed for the search.
  std::function<std::span<const BlockId>(BlockId)> from = {};
  /// A block counts to the first tier that reaches it: what points to it from later ones does not.
  std::vector<std::vector<Entry>> tiers = {};
  /// The last tier, below nobody. Those of them that are met on the way are no heads.
  std::vector<BlockId> heads = {};
};

/// Nodes have numbers in the order in which the search met them. 0 is above all.
struct DominatorTree {
  static constexpr uint32_t kNone = UINT32_MAX;

  std::vector<Node> nodes = {};        ///< by number; an owner once for each tier that it is in
  std::vector<uint32_t> numbers = {};  ///< by block; kNone: nothing reaches it
  std::vector<uint32_t> parents = {};  ///< by number, less than it; of 0: 0
  uint32_t first_lost = 0;             ///< from this number on: below the heads
  uint64_t most_bytes = 0;             ///< that finding it took, the above included
};

DominatorTree find_dominators(FlowGraph graph);

}  // namespace inquest::objects
