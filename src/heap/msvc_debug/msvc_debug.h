/// The debug heap of Microsoft's C runtime, which lies inside of the blocks of any Windows heap:
/// before the program's data a header with the place of the allocation, around it guard bytes.
///
/// Source: _CrtMemBlockHeader and the fills in the sources of the Universal CRT that the Windows
/// SDK ships (ucrt/heap/debug_heap.cpp), the same since Visual C++ 5 but for the header's order on
/// 64 bits; "CRT debug heap details" in Microsoft's documentation. Layout confirmed on dumps of
/// programs that carry it themselves, under Wine; not yet on one of Microsoft's runtime.
#pragma once

#include "heap/heap.h"

namespace inquest::heap::msvc_debug {

/// Where a block of a Windows heap holds a debug block, lets it begin and end at the program's data
/// and notes its origin; damaged guard bytes and headers become faults. A debug block that the
/// runtime keeps after free (_CRTDBG_DELAY_FREE_MEM_DF) is cached. Linear.
void peel(const Input& input, Heaps& heaps);

}  // namespace inquest::heap::msvc_debug
