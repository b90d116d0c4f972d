/// Where things stand in Wine's heaps.
#pragma once

#include <cstdint>

#include "heap/windows/target.h"

namespace inquest::heap::wine {

inline constexpr uint32_t kSegmentSignature = 0xffeeffee;
inline constexpr uint32_t kMagic = 'H' | 'E' << 8 | 'A' << 16 | 'P' << 24;
inline constexpr uint64_t kRegion = 0x10000;  ///< subheaps begin at multiples of it
inline constexpr uint64_t kHeader = 8;        ///< bytes of a block's header

/// Fields of `struct heap`; rings are of (next, previous).
struct Layout {
  bool has_groups;  ///< Wine 9: sizes of groups in front, flags in another order
  uint64_t entry, subheaps, large, magic;

  static Layout of(bool has_groups, unsigned word) {
    // Up to force_flags it is Windows 10's _HEAP; Wine 9 has another number and alignment behind.
    uint64_t entry = word == 8 ? 0x78 : 0x48;
    if (has_groups) entry += word;
    return {.has_groups = has_groups,
            .entry = entry,
            .subheaps = entry + 2 * word,
            .large = entry + 4 * word,
            .magic = entry + 8 * word};
  }
};

/// SUBHEAP: padding, block_size, data_size, ring, heap, header of the first block.
struct Subheap {
  unsigned word;
  uint64_t at;
  uint64_t padding() const { return word == 8 ? 16 : 4; }
  uint64_t block_size() const { return at + padding(); }
  uint64_t data_size() const { return block_size() + word; }
  uint64_t ring() const { return block_size() + 2 * word; }
  uint64_t heap() const { return block_size() + 4 * word; }
  uint64_t first_block() const { return at + 8 * word - kHeader; }
  static uint64_t at_ring(uint64_t ring, unsigned word) {
    return ring - 2 * word - (word == 8 ? 16 : 4);
  }
};

/// ARENA_LARGE: padding, ring, data_size, block_size, user value, header; the data behind.
struct Large {
  unsigned word;
  uint64_t at;
  uint64_t padding() const { return word == 8 ? 16 : 4; }
  uint64_t data_size() const { return at + padding() + 2 * word; }
  uint64_t block_size() const { return data_size() + word; }
  uint64_t header() const { return at + 8 * word - kHeader; }
  uint64_t data() const { return at + 8 * word; }
  static uint64_t at_ring(uint64_t ring, unsigned word) { return ring - (word == 8 ? 16 : 4); }
};

/// A block's header, as either version has it.
struct Header {
  uint64_t size = 0;  ///< bytes with the header; 0: not a size
  uint32_t tail = 0;  ///< bytes at the end that were not asked for
  uint32_t base = 0;  ///< how many kRegions below its own the subheap begins; in groups: the index
  uint8_t flags = 0;
  enum class Type : uint8_t { used, dead, free, large, none } type = Type::none;

  static constexpr uint8_t kFree = 0x01, kPreviousFree = 0x02, kLarge = 0x04, kGroup = 0x80;
  bool is_free() const { return flags & kFree; }
};

inline Header decode(uint64_t raw, const Layout& layout, unsigned unit) {
  using Type = Header::Type;
  Header header;
  uint32_t units = raw & 0xffff, type;
  header.base = raw >> 32 & 0xffff;
  if (layout.has_groups) {
    header.tail = raw >> 16 & 0xffff;
    type = raw >> 48 & 0xff;
    header.flags = static_cast<uint8_t>(raw >> 56);
  } else {
    header.flags = static_cast<uint8_t>(raw >> 16);
    header.tail = raw >> 24 & 0xff;
    type = static_cast<uint32_t>(raw >> 48);
  }
  switch (type) {
    case 'u':
    case 'U' | 'S' << 8:
      header.type = Type::used;
      break;
    case 'D':
    case 'D' | 'E' << 8:
      header.type = Type::dead;
      break;
    case 'F':
    case 'F' | 'R' << 8:
      header.type = Type::free;
      break;
    case 'L':
    case 'L' | 'A' << 8:
      header.type = Type::large;
      break;
    default:
      break;
  }
  if (header.is_free()) units += header.tail << 16;
  header.size = uint64_t{units} * unit;
  return header;
}

}  // namespace inquest::heap::wine
