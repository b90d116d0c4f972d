/// jemalloc's extents in address order, and the blocks in them.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "heap/collect.h"
#include "heap/jemalloc/arenas.h"
#include "heap/jemalloc/cached.h"
#include "heap/page_tree.h"

namespace inquest::heap::jemalloc {

/// Adds the arenas and blocks of all extents that the leaves name. `cached` is marked where met.
/// Allocations that jemalloc made for itself, `own` (ascending), become books instead of blocks.
/// Returns the addresses of the extents' descriptors, one a page of them.
std::vector<uint64_t> read_extents(Words& words, const std::vector<Leaf>& leaves,
                                   const Arenas& arenas, std::vector<Cached>& cached,
                                   const std::vector<uint64_t>& own, Collector& collector);

}  // namespace inquest::heap::jemalloc
