/// What the caches of jemalloc's threads hold: regions that the program gave back.
#pragma once

#include <vector>

#include "heap/collect.h"
#include "heap/jemalloc/arenas.h"

namespace inquest::heap::jemalloc {

struct Cached {
  uint64_t region = 0;
  uint32_t size_class = 0;
  uint64_t slot = 0;  ///< address of the stack's word that holds it
  bool met = false;   ///< found as a region that is given out, as it should be
};
/// Ascending by region. A bin that contradicts itself, and a region that is cached twice (freed
/// twice), is a fault.
std::vector<Cached> read_caches(Words& words, const std::vector<ThreadCache>& caches,
                                Collector& collector, size_t arena);

}  // namespace inquest::heap::jemalloc
