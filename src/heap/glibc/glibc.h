/// The heap of glibc's malloc, 2.26 to 2.43, without symbols; 64 and 32 bit, little-endian.
#pragma once

#include "heap/heap.h"

namespace inquest::heap::glibc {

/// All that glibc's malloc holds; no allocator when the process has none, or none that was used.
Heaps find(const Input& input);

}  // namespace inquest::heap::glibc
