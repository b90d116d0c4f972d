/// Blocks inferred from references, in private memory that no known allocator owns.
///
/// Whatever the program can still use is pointed at, so in the memory of an unknown allocator a
/// block is taken to begin wherever some aligned word of the process points to, and to reach up to
/// the next such place. That is a guess: a pointer into the middle of an object makes two blocks
/// of it, objects that nothing points at are part of the one before, and blocks that were given
/// back and are still pointed at count as used. So the allocator is named "inferred", and nothing
/// is inferred unless it is asked for.
#pragma once

#include "heap/heap.h"

namespace inquest::heap {

/// Adds the blocks of every anonymous mapping of 64 KiB and more that is neither a stack nor owned
/// by the allocators in `heaps`, an arena a mapping. What lies before the first block of a mapping
/// belongs to none. Reads all writable memory once.
void infer_blocks(const Input& input, Heaps& heaps);

}  // namespace inquest::heap
