/// How jemalloc 5.3 lays out its books on x86-64 with pages of 4 KiB, and its size classes.
///
/// Source: jemalloc 5.3.0, include/jemalloc/internal/{edata,rtree,cache_bin,tcache_structs,
/// base,sc,bitmap}.h, as Debian 12 builds it (LG_VADDR 48, LG_QUANTUM 4, no assertions).
#pragma once

#include <cstdint>

namespace inquest::heap::jemalloc {

inline constexpr uint64_t kPage = 4096;

// The page map (rtree_t, rtree.h): a root of 2^18 pointers to leaves, a leaf of 2^18 elements.
// An element is `szind:16 descriptor:48`, with the low seven bits of the descriptor's address
// holding slab (bit 0), is_head (1) and the state (2 to 4).
inline constexpr unsigned kLevelBits = 18;
inline constexpr uint64_t kLevelBytes = uint64_t{8} << kLevelBits;
inline constexpr uint64_t kAddressMask = (uint64_t{1} << 48) - 1;
inline constexpr uint64_t descriptor_of(uint64_t element) {
  return element & kAddressMask & ~uint64_t{127};
}

// An extent's descriptor (edata_t, edata.h), 128 bytes.
inline constexpr uint64_t kDescriptorBytes = 128;
inline constexpr uint64_t kAt = 8, kSize = 16, kBitmap = 64;
inline constexpr unsigned kBitmapWords = 8;
enum class ExtentState : uint8_t { active, dirty, muzzy, retained, transition, merging };

/// edata_t::e_bits.
struct Bits {
  uint64_t raw;
  uint32_t arena() const { return raw & 0xfff; }
  bool slab() const { return raw >> 12 & 1; }
  uint32_t state() const { return raw >> 17 & 7; }
  uint32_t size_class() const { return raw >> 20 & 0xff; }
  uint32_t free_regions() const { return raw >> 28 & 0x3ff; }
};

// Size classes (sc.h): 8, then 16 to 64 in steps of 16, then four to every doubling.
inline constexpr uint32_t kSizeClasses = 232;  ///< this as an index means "none"
inline constexpr uint32_t kSmallClasses = 36;  ///< those that share slabs: up to 14 KiB
inline constexpr uint64_t size_of_class(uint32_t index) {
  if (index == 0) return 8;
  if (index < 5) return 16 * index;
  uint64_t base = uint64_t{64} << (index - 5) / 4;
  return base + ((index - 5) % 4 + 1) * (base / 4);
}
static_assert(size_of_class(4) == 64 && size_of_class(5) == 80 && size_of_class(35) == 14336);

// A thread's cache: the slow part (tcache_slow_t) and the fast one (tcache_t), which name each
// other. A bin (cache_bin_t) is a stack that grows down; only the low 16 bits of its ends are kept.
inline constexpr uint64_t kSlowNext = 0, kSlowBins = 32, kSlowArena = 40, kSlowStacks = 160,
                          kSlowFast = 168;
inline constexpr uint64_t kFastBins = 8, kBinBytes = 24, kBinFull = 18, kBinEmpty = 20;
inline constexpr uint32_t kCachedClasses = 73;  ///< TCACHE_NBINS_MAX
/// In arena_t the list of caches is followed by that of their descriptors, which lie at this offset
/// in the slow part.
inline constexpr uint64_t kSlowDescriptor = 16;

// Blocks of the books (base_block_t, base.h): on 2 MiB, `size next descriptor`; in an arena's first
// one base_t follows, which begins with the arena's number.
inline constexpr uint64_t kBaseAlign = 2 << 20;
inline constexpr uint64_t kBaseNext = 8, kBaseDescriptor = 16, kBaseFirst = 192;

}  // namespace inquest::heap::jemalloc
