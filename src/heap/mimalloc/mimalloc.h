/// mimalloc 2.0, preloaded, linked or inside a program.
#pragma once

#include "heap/heap.h"

namespace inquest::heap {

/// Adds what mimalloc holds in this process; nothing when it is not there. A library by that name
/// whose segments are not those of 2.0 is a warning. Blocks ascend. Needs no symbols.
/// A block of over-aligned memory is the whole block, whose begin may lie before the address that
/// the program has: docs/heap-allocators.md.
void find_mimalloc(const Input& input, Heaps& heaps);

}  // namespace inquest::heap
