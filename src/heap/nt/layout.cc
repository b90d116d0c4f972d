#include "heap/nt/layout.h"

namespace inquest::heap::nt {
namespace {

// The types repeat from version to version; a table names the one before and what changed.

constexpr Layout kSeven64{.windows = "Vista to 7",
                          .word = 8,
                          .segment_signature = 0x10,
                          .segment_ring = 0x18,
                          .segment_heap = 0x28,
                          .segment_base = 0x30,
                          .segment_pages = 0x38,
                          .segment_first = 0x40,
                          .segment_last = 0x48,
                          .segment_uncommitted_ring = 0x60,
                          .encode_mask = 0x7c,
                          .encoding = 0x80,
                          .signature = 0xa0,
                          .virtual_ring = 0x118,
                          .segments_ring = 0x128,
                          .blocks_index = 0x140,
                          .free_ring = 0x158,
                          .front_end = 0x178,
                          .front_end_type = 0x182,
                          .usage_data = 0,
                          .uncommitted_address = 0x20,
                          .uncommitted_size = 0x28,
                          .virtual_commit = 0x20,
                          .virtual_reserve = 0x28,
                          .virtual_entry = 0x30,
                          .lfh_zones = 0x28,
                          .lfh_heap = 0x40,
                          .sub_user_blocks = 0x8,
                          .sub_block_size = 0x18,
                          .sub_block_count = 0x1c,
                          .user_signature = 0x18,
                          .user_offsets = 0,
                          .user_bitmap_bits = 0,
                          .user_bitmap = 0,
                          .user_header = 0x20};

constexpr Layout kSeven32{.windows = "Vista to 7",
                          .word = 4,
                          .segment_signature = 0x8,
                          .segment_ring = 0x10,
                          .segment_heap = 0x18,
                          .segment_base = 0x1c,
                          .segment_pages = 0x20,
                          .segment_first = 0x24,
                          .segment_last = 0x28,
                          .segment_uncommitted_ring = 0x38,
                          .encode_mask = 0x4c,
                          .encoding = 0x50,
                          .signature = 0x64,
                          .virtual_ring = 0xa0,
                          .segments_ring = 0xa8,
                          .blocks_index = 0xb8,
                          .free_ring = 0xc4,
                          .front_end = 0xd4,
                          .front_end_type = 0xda,
                          .usage_data = 0,
                          .uncommitted_address = 0x10,
                          .uncommitted_size = 0x14,
                          .virtual_commit = 0x10,
                          .virtual_reserve = 0x14,
                          .virtual_entry = 0x18,
                          .lfh_zones = 0x18,
                          .lfh_heap = 0x24,
                          .sub_user_blocks = 0x4,
                          .sub_block_size = 0x10,
                          .sub_block_count = 0x14,
                          .user_signature = 0xc,
                          .user_offsets = 0,
                          .user_bitmap_bits = 0,
                          .user_bitmap = 0,
                          .user_header = 0x10};

/// PointerKey went; the LFH got a bitmap.
constexpr Layout eight(Layout layout) {
  const bool is64 = layout.word == 8;
  layout.windows = "8 and 8.1";
  layout.signature = is64 ? 0x98 : 0x60;
  layout.virtual_ring = is64 ? 0x110 : 0x9c;
  layout.segments_ring = is64 ? 0x120 : 0xa4;
  layout.blocks_index = is64 ? 0x138 : 0xb4;
  layout.free_ring = is64 ? 0x150 : 0xc0;
  layout.front_end = is64 ? 0x170 : 0xd0;
  layout.front_end_type = is64 ? 0x17a : 0xd6;
  layout.usage_data = is64 ? 0x180 : 0xd8;
  layout.lfh_heap = is64 ? 0x38 : 0x20;
  layout.sub_block_size = is64 ? 0x24 : 0x14;
  layout.sub_block_count = is64 ? 0x28 : 0x18;
  layout.user_signature = is64 ? 0x14 : 0xc;
  layout.user_offsets = is64 ? 0x18 : 0x10;
  layout.user_bitmap_bits = is64 ? 0x20 : 0x14;
  layout.user_bitmap = is64 ? 0x28 : 0x18;
  layout.user_header = is64 ? 0x30 : 0x1c;
  return layout;
}

/// StackTraceInitVar came before the front end; the LFH's lock became one pointer.
constexpr Layout early_ten(Layout layout) {
  const bool is64 = layout.word == 8;
  layout = eight(layout);
  layout.windows = "10 before 1709";
  layout.front_end = is64 ? 0x178 : 0xd4;
  layout.front_end_type = is64 ? 0x182 : 0xda;
  layout.usage_data = is64 ? 0x188 : 0xdc;
  layout.lfh_zones = is64 ? 0x8 : 0x4;
  layout.lfh_heap = is64 ? 0x18 : 0xc;
  return layout;
}

/// CommitLimitData came between.
constexpr Layout ten(Layout layout) {
  const bool is64 = layout.word == 8;
  layout = early_ten(layout);
  layout.windows = "10 since 1709 and 11";
  layout.front_end = is64 ? 0x198 : 0xe4;
  layout.front_end_type = is64 ? 0x1a2 : 0xea;
  layout.usage_data = is64 ? 0x1a8 : 0xec;
  return layout;
}

// Newest first: a heap without a front end does not tell the last three apart, and reads the same.
constexpr Layout kLayouts[] = {ten(kSeven64), early_ten(kSeven64), eight(kSeven64), kSeven64,
                               ten(kSeven32), early_ten(kSeven32), eight(kSeven32), kSeven32};

bool agrees(windows::Target& target, uint64_t at, const Layout& layout) {
  return target.u32(at + layout.segment_signature) == kSegmentSignature &&
         target.u32(at + layout.signature) == kHeapSignature &&
         target.pointer(at + layout.segment_heap) == at;
}

/// Its front end, if it has one, points back.
bool front_end_agrees(windows::Target& target, uint64_t at, const Layout& layout) {
  constexpr uint8_t kLfh = 2;
  uint64_t lfh = target.pointer(at + layout.front_end);
  return target.u8(at + layout.front_end_type) == kLfh && lfh != 0 &&
         target.pointer(lfh + layout.lfh_heap) == at;
}

struct Field {
  const char* type;
  const char* name;
  uint16_t Layout::* offset;
};
constexpr Field kFields[] = {
    {"_HEAP_SEGMENT", "SegmentSignature", &Layout::segment_signature},
    {"_HEAP_SEGMENT", "SegmentListEntry", &Layout::segment_ring},
    {"_HEAP_SEGMENT", "Heap", &Layout::segment_heap},
    {"_HEAP_SEGMENT", "BaseAddress", &Layout::segment_base},
    {"_HEAP_SEGMENT", "NumberOfPages", &Layout::segment_pages},
    {"_HEAP_SEGMENT", "FirstEntry", &Layout::segment_first},
    {"_HEAP_SEGMENT", "LastValidEntry", &Layout::segment_last},
    {"_HEAP_SEGMENT", "UCRSegmentList", &Layout::segment_uncommitted_ring},
    {"_HEAP", "EncodeFlagMask", &Layout::encode_mask},
    {"_HEAP", "Encoding", &Layout::encoding},
    {"_HEAP", "Signature", &Layout::signature},
    {"_HEAP", "VirtualAllocdBlocks", &Layout::virtual_ring},
    {"_HEAP", "SegmentList", &Layout::segments_ring},
    {"_HEAP", "BlocksIndex", &Layout::blocks_index},
    {"_HEAP", "FreeLists", &Layout::free_ring},
    {"_HEAP", "FrontEndHeap", &Layout::front_end},
    {"_HEAP", "FrontEndHeapType", &Layout::front_end_type},
    {"_HEAP", "FrontEndHeapUsageData", &Layout::usage_data},
    {"_HEAP_UCR_DESCRIPTOR", "Address", &Layout::uncommitted_address},
    {"_HEAP_UCR_DESCRIPTOR", "Size", &Layout::uncommitted_size},
    {"_HEAP_VIRTUAL_ALLOC_ENTRY", "CommitSize", &Layout::virtual_commit},
    {"_HEAP_VIRTUAL_ALLOC_ENTRY", "ReserveSize", &Layout::virtual_reserve},
    {"_HEAP_VIRTUAL_ALLOC_ENTRY", "BusyBlock", &Layout::virtual_entry},
    {"_LFH_HEAP", "SubSegmentZones", &Layout::lfh_zones},
    {"_LFH_HEAP", "Heap", &Layout::lfh_heap},
    {"_HEAP_SUBSEGMENT", "UserBlocks", &Layout::sub_user_blocks},
    {"_HEAP_SUBSEGMENT", "BlockSize", &Layout::sub_block_size},
    {"_HEAP_SUBSEGMENT", "BlockCount", &Layout::sub_block_count},
    {"_HEAP_USERDATA_HEADER", "Signature", &Layout::user_signature},
    {"_HEAP_USERDATA_HEADER", "EncodedOffsets", &Layout::user_offsets},
    {"_HEAP_USERDATA_HEADER", "BusyBitmap", &Layout::user_bitmap_bits},
    {"_HEAP_USERDATA_HEADER", "BitmapData", &Layout::user_header},
};

}  // namespace

Match layout_at(windows::Target& target, uint64_t at) {
  Match found;
  for (const Layout& layout : kLayouts) {
    if (layout.word != target.word() || !agrees(target, at, layout)) continue;
    if (front_end_agrees(target, at, layout)) return {&layout, true};
    if (!found.layout) found.layout = &layout;
  }
  return found;
}

bool take_from_symbols(Layout& layout, const Input& input) {
  if (!input.field_offset) return false;
  bool any = false;
  for (const Field& field : kFields) {
    auto offset = input.field_offset("ntdll", field.type, field.name);
    if (!offset || *offset > 0x4000) continue;
    layout.*field.offset = static_cast<uint16_t>(*offset);
    any = true;
  }
  // RTL_BITMAP: SizeOfBitMap, Buffer.
  if (any && layout.has_bitmap()) {
    layout.user_bitmap = static_cast<uint16_t>(layout.user_bitmap_bits + layout.word);
  }
  return any;
}

}  // namespace inquest::heap::nt
