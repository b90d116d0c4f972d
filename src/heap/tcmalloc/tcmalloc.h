/// tcmalloc of gperftools 2.10 (libtcmalloc, libtcmalloc_minimal), preloaded, linked or inside a
/// program. The newer tcmalloc of Google's own repository is another allocator.
#pragma once

#include "heap/heap.h"

namespace inquest::heap {

/// Adds what tcmalloc holds in this process; nothing when it is not there. A library by that name
/// whose structures are not those of 2.10 is a warning. Blocks ascend. Needs no symbols.
/// What is exact and what is not: docs/heap-allocators.md.
void find_tcmalloc(const Input& input, Heaps& heaps);

}  // namespace inquest::heap
