/// Where things stand in the NT heap of each version of Windows: one table a version and width.
///
/// Sources: the types in Microsoft's public PDBs of ntdll (_HEAP, _HEAP_SEGMENT, _HEAP_ENTRY,
/// _HEAP_UCR_DESCRIPTOR, _HEAP_VIRTUAL_ALLOC_ENTRY, _LFH_HEAP, _HEAP_SUBSEGMENT,
/// _HEAP_USERDATA_HEADER); Valasek, "Understanding the Low Fragmentation Heap" (2010); Valasek and
/// Mandt, "Windows 8 Heap Internals" (2012). Not yet confirmed on a dump of any of these.
#pragma once

#include <cstdint>
#include <string>

#include "heap/heap.h"
#include "heap/windows/target.h"

namespace inquest::heap::nt {

inline constexpr uint32_t kSegmentSignature = 0xffeeffee, kHeapSignature = 0xeeffeeff,
                          kUserBlocksSignature = 0xf0e0d0c0;

/// Offsets in bytes; LIST_ENTRYs are of (next, previous).
struct Layout {
  const char* windows;  ///< which versions
  unsigned word;        ///< bytes of a pointer

  // _HEAP_SEGMENT, which the _HEAP begins with.
  uint16_t segment_signature, segment_ring, segment_heap, segment_base, segment_pages,
      segment_first, segment_last, segment_uncommitted_ring;
  // _HEAP.
  uint16_t encode_mask, encoding, signature, virtual_ring, segments_ring, blocks_index, free_ring,
      front_end, front_end_type;
  uint16_t usage_data;  ///< FrontEndHeapUsageData; 0: none
  // _HEAP_UCR_DESCRIPTOR, of which segment_uncommitted_ring links the second LIST_ENTRY.
  uint16_t uncommitted_address, uncommitted_size;
  // _HEAP_VIRTUAL_ALLOC_ENTRY.
  uint16_t virtual_commit, virtual_reserve, virtual_entry;
  // _LFH_HEAP.
  uint16_t lfh_zones, lfh_heap;
  // _HEAP_SUBSEGMENT.
  uint16_t sub_user_blocks, sub_block_size, sub_block_count;
  // _HEAP_USERDATA_HEADER.
  uint16_t user_signature;
  uint16_t user_offsets;  ///< EncodedOffsets; 0: the blocks follow the header
  uint16_t user_bitmap_bits, user_bitmap;
  uint16_t user_header;  ///< bytes of the header, without what lies in a bitmap

  bool has_bitmap() const { return user_offsets != 0; }
  uint64_t unit() const { return 2 * word; }
  /// Where the eight bytes that mean something begin in a _HEAP_ENTRY.
  uint64_t entry_code() const { return word == 8 ? 8 : 0; }
};

/// The layout that the _HEAP at `at` agrees with; null when it is no NT heap. Versions that differ
/// in the front end alone are told apart only by a heap that has one.
struct Match {
  const Layout* layout = nullptr;
  bool has_front_end = false;
};
Match layout_at(windows::Target& target, uint64_t at);

/// `layout` with the offsets that the debug types of ntdll say, where they are at hand; whether any
/// were.
bool take_from_symbols(Layout& layout, const Input& input);

}  // namespace inquest::heap::nt
