/// The tree of dominators, cut to what a person can look at.
///
/// Millions of blocks become a few thousand nodes: blocks of one type (of one size, where it has
/// none) that one node keeps are one node, and what they keep is told together. The nodes of a list
/// or tree keep each other, one below the next: blocks of the type of their keeper are taken into
/// it, so that a map of 5,000 is "5,000 nodes" that keep values, and not a chain as deep. One of
/// many that alone retains a twentieth of what their keeper does is a node of its own. The largest
/// nodes are opened first, until there are enough. Linear in the blocks, whatever the graph.
#pragma once

#include "answer/heap_map.h"
#include "cause/heap/type_names.h"
#include "objects/dominators.h"

namespace inquest::cause {

struct KeeperTreeInput {
  const heap::Heaps& heaps;
  const objects::Dominators& dominators;
  TypeNames& types;
  size_t limit = 3000;  ///< nodes
};

struct KeeperTree {
  std::vector<answer::MapNode> nodes = {};  ///< parents before children
  uint64_t left_out = 0;                    ///< blocks that no node stands for
};

KeeperTree find_keeper_tree(const KeeperTreeInput& input);

/// What all objects of a type retain, by TypeNames::number_of; one that another of its type keeps
/// counts once.
std::unordered_map<uint64_t, uint64_t> retained_by_type(const heap::Heaps& heaps,
                                                        const objects::Dominators& dominators,
                                                        const TypeNames& types);

}  // namespace inquest::cause
