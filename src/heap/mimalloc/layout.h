/// How mimalloc 2.0 lays out its books on x86-64.
///
/// Source: mimalloc 2.0.9, include/mimalloc-types.h and src/segment.c, as Debian 12 builds it
/// (MI_SECURE 0, MI_DEBUG 0, no padding: links of free lists are plain).
#pragma once

#include <cstdint>

namespace inquest::heap::mimalloc {

inline constexpr uint64_t kSegment = 32 << 20;  ///< segments begin on multiples of it
inline constexpr uint64_t kSlice = 64 << 10;
inline constexpr uint64_t kMaxEntries = 512;

// mi_segment_t.
inline constexpr uint64_t kUsed = 208, kCookie = 216, kSlices = 224, kInfoSlices = 232, kKind = 240,
                          kEntries = 248, kThread = 256, kPages = 264;
// mi_page_t, which is mi_slice_t: one a slice, meaningful for the first of a page or of a free span
// (whose block size is 0).
inline constexpr uint64_t kPageBytes = 80;
inline constexpr uint64_t kSliceCount = 0, kSliceOffset = 4, kCapacity = 10, kFlags = 14,
                          kFree = 16, kPageUsed = 24, kBlockSize = 28, kLocalFree = 32,
                          kThreadFree = 40, kHeap = 48;
inline constexpr uint32_t kHasAligned = 2;  ///< in kFlags: some blocks were given from their inside
inline constexpr uint32_t kHugeBlock = 0x80000000;  ///< the block is the rest of the page
/// Blocks of 8 to 1024 bytes begin this far into their page.
inline constexpr uint64_t kStartOffset = 384;

// mi_heap_t: what other threads freed of full pages; the thread that it is of.
inline constexpr uint64_t kDelayedFree = 2840, kHeapThread = 2848, kHeapBytes = 2864;

}  // namespace inquest::heap::mimalloc
