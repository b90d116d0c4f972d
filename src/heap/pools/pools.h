/// Pools that a program keeps by itself, as its user describes them: their blocks, used and free.
///
/// Where a pool's array lies in a block of another allocator, that block is taken apart: the array
/// becomes the pool's segment, what lies before it stays a block of the outer allocator, what lies
/// behind it belongs to none.
/// A free list that leads elsewhere, or in a circle, is a Fault. Needs symbols only where the
/// description names them.
#pragma once

#include <span>

#include "heap/heap.h"
#include "heap/pools/description.h"

namespace inquest::heap {

/// Of its arena and allocator: "pool particles".
std::string pool_title(const PoolDescription& pool);

/// Adds an allocator and an arena a pool. A pool that cannot be found is a warning with its line;
/// `file` names the description in it.
void add_pools(const Input& input, std::span<const PoolDescription> pools, const std::string& file,
               Heaps& heaps);

}  // namespace inquest::heap
