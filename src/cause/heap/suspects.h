/// What keeps much of the heap, after Eclipse MAT: accumulation points.
///
/// From the largest dominators down, as long as one child has most of what its parent retains;
/// where the retained bytes spread is the holder to look at. Two things differ from Java's heaps:
/// what a list or a tree consists of is no holder (blocks of one kind below each other), and a
/// holder of few large things of different kinds is passed by for those. Linear in the blocks.
#pragma once

#include "answer/leaks.h"
#include "cause/heap/block_types.h"
#include "objects/dominators.h"

namespace inquest::cause {

struct SuspectInput {
  const heap::Heaps& heaps;
  const objects::References& references;
  const objects::Dominators& dominators;
  /// As they were given to dominators.
  const std::vector<uint32_t>& owner_of;
  const BlockTypes& types;
  double least_share = 0.05;  ///< of the used bytes, that makes a suspect
  uint64_t least_bytes = 64 << 10;
};

/// Largest first; never two that hold one another.
std::vector<answer::Suspect> find_suspects(const SuspectInput& input);

}  // namespace inquest::cause
