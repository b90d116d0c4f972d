/// jemalloc 5.3, preloaded, linked or inside a program.
#pragma once

#include "heap/heap.h"

namespace inquest::heap {

/// Adds what jemalloc holds in this process; nothing when it is not there. A library by that name
/// whose structures are not those of 5.3 is a warning. Blocks ascend. Needs no symbols.
/// What is exact and what is not: docs/heap-allocators.md.
void find_jemalloc(const Input& input, Heaps& heaps);

}  // namespace inquest::heap
