/// The blocks of the Low Fragmentation Heap: of Vista and 7, whose headers say what is in use, and
/// of 8 to 11, where a bitmap does.
#pragma once

#include "heap/nt/segment.h"

namespace inquest::heap::nt {

/// Lists the blocks in all of heap.user_blocks.
void read_front_end(HeapView& heap);

}  // namespace inquest::heap::nt
