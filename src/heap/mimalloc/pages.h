/// The blocks in the pages of mimalloc's segments.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "heap/collect.h"
#include "heap/mimalloc/segments.h"

namespace inquest::heap::mimalloc {

/// Freed by another thread than the page's, and not yet back in its page; ascending.
struct Delayed {
  std::vector<uint64_t> blocks = {};
  std::set<uint64_t> heaps = {};  ///< addresses of the threads' mi_heap_t
  bool all = true;                ///< every heap was understood
};
Delayed find_delayed(Words& words, const std::vector<Segment>& segments, Collector& collector);

/// Adds the blocks of a segment's pages to the arena.
void read_segment(Words& words, const Segment& segment, const std::vector<uint64_t>& delayed,
                  size_t arena, Collector& collector);

}  // namespace inquest::heap::mimalloc
