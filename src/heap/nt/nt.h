/// The NT heap of Windows Vista to 11, 32 and 64 bits: segments with encoded headers, blocks of
/// their own, and the Low Fragmentation Heap in front.
///
/// For sources see layout.h.
#pragma once

#include "heap/heap.h"

namespace inquest::heap::nt {

/// Adds to `heaps` what it finds; nothing when there is no such heap.
void find(const Input& input, Heaps& heaps);

}  // namespace inquest::heap::nt
