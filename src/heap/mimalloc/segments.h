/// mimalloc's segments, found by what their heads have in common.
#pragma once

#include <vector>

#include "heap/words.h"

namespace inquest::heap::mimalloc {

struct Segment {
  uint64_t at = 0;
  uint64_t thread = 0;   ///< thread pointer of its owner; 0 when that has ended
  uint64_t slices = 0;   ///< its length
  uint64_t info = 0;     ///< of them its head
  uint64_t entries = 0;  ///< of them those with an entry in its table
  bool huge = false;     ///< has one page of one block
  bool in_use = false;   ///< has any page; else it is kept for reuse
};
/// Ascending, disjoint. Every segment holds its address combined with one number of the process,
/// its cookie: those that share the number are believed.
std::vector<Segment> find_segments(const snapshot::Snapshot& process);

}  // namespace inquest::heap::mimalloc
