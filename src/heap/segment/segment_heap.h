/// The segment heap of Windows 10 (1809 and later) and 11 before 24H2, 64 bits: page ranges of
/// segments, variable-size chunks with encoded headers, the front end with its bitmaps, and large
/// allocations in a tree.
///
/// Sources: Yason, "Windows 10 Segment Heap Internals" (2016); Bayet and Fariello, "Scoop the
/// Windows 10 pool!" (2020); the types in Microsoft's public PDBs of ntdll (_SEGMENT_HEAP,
/// _HEAP_SEG_CONTEXT, _HEAP_PAGE_SEGMENT, _HEAP_PAGE_RANGE_DESCRIPTOR, _HEAP_VS_SUBSEGMENT,
/// _HEAP_VS_CHUNK_HEADER, _HEAP_LFH_SUBSEGMENT, _HEAP_LARGE_ALLOC_DATA).
#pragma once

#include "heap/heap.h"

namespace inquest::heap::segment {

/// Adds to `heaps` what it finds; nothing when there is no such heap.
void find(const Input& input, Heaps& heaps);

}  // namespace inquest::heap::segment
