/// The heaps of Wine, of its version 8 and, with a front end for small blocks, of 9 and later.
///
/// Source: the types in the debug information of Debian's ntdll.dll of Wine 8.0, and the layout
/// that Wine 9.0 documents in its dlls/ntdll/heap.c. Confirmed on dumps of Wine 8.0, 64 bits.
#pragma once

#include "heap/heap.h"

namespace inquest::heap::wine {

/// Adds to `heaps` what it finds; nothing when there is no such heap.
void find(const Input& input, Heaps& heaps);

}  // namespace inquest::heap::wine
