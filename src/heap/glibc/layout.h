/// How glibc's malloc (ptmalloc) lays out its structures, as far as versions 2.26 to 2.43 and the
/// next differ.
///
/// A chunk is { size of the chunk before when that is free; size | flags; memory ... }; sizes are
/// multiples of 16; the memory of one in use reaches over the first word of the next. An arena
/// (malloc_state) is
///   int mutex, flags; [int have_fastchunks (2.27..);] [fast bins (..2.42 or 2.43);]
///   top; last_remainder; bins[254]; binmap[4 ints]; next; next_free; attached_threads; system_mem;
///   max_system_mem
/// so that everything from `top` on is the same in all, and `top` is what finds an arena here.
/// Source: malloc/malloc.c and malloc/arena.c of glibc 2.26 to 2.43.
/// Values; safe from any thread.
#pragma once

#include <array>
#include <cstdint>

namespace inquest::heap::glibc {

inline constexpr uint64_t kPrevInUse = 1, kMapped = 2, kOtherArena = 4, kFlags = 7;
inline constexpr uint64_t kAlign = 16, kPage = 4096;
inline constexpr unsigned kBins = 127;  ///< pairs of pointers in `bins`; the last is never used

/// Offsets are from the address of `top` unless told otherwise; `word` is 4 or 8.
struct Layout {
  unsigned word = 8;
  uint64_t top = 0x60;  ///< of `top` in malloc_state

  uint64_t header() const { return 2 * word; }
  uint64_t min_chunk() const { return word == 8 ? 32 : 16; }
  /// A chunk of at least so many bytes lies in a bin of several sizes, its lists by size included.
  uint64_t min_large() const { return word == 8 ? 1024 : 1008; }
  uint64_t bin(unsigned index) const {
    return uint64_t{index} * 2 * word;
  }  ///< as a chunk: fd is 2 words on
  uint64_t flags() const { return 4 - top; }  // wraps, as addresses do
  uint64_t next() const { return 256 * word + 16; }
  uint64_t attached_threads() const { return next() + 2 * word; }
  uint64_t system_bytes() const { return next() + 3 * word; }
  uint64_t arena_bytes() const { return top + next() + 5 * word; }
  unsigned fast_bins() const { return top <= 8 ? 0 : word == 8 ? 10 : 11; }
  /// Of the first fast bin, from the begin of malloc_state.
  uint64_t fast() const { return top - fast_bins() * word; }
  /// Thread arenas' heaps lie at multiples of this, unless huge pages change it.
  uint64_t heap_max() const { return word == 8 ? uint64_t{64} << 20 : uint64_t{1} << 20; }
};

/// The places of `top` in malloc_state that there were: without fast bins, 2.26, 2.27 and later.
inline std::array<uint64_t, 3> places_of_top(unsigned word) {
  if (word == 8) return {0x60, 0x58, 0x08};
  return {0x38, 0x34, 0x08};
}
/// sizeof(heap_info), which stands before a thread arena: 2.35 and later, before.
inline std::array<uint64_t, 2> sizes_of_heap_info(unsigned word) {
  if (word == 8) return {0x30, 0x20};
  return {0x18, 0x18};
}

/// The cache of a thread (tcache_perthread_struct): counts, then heads of lists.
struct CacheLayout {
  unsigned count_bytes;  ///< of one count
  unsigned bins;
  bool counts_room;  ///< counts say how many more fit, not how many are in

  uint64_t entries() const { return uint64_t{count_bytes} * bins; }
  uint64_t bytes(unsigned word) const { return entries() + uint64_t{bins} * word; }
  /// Of the chunk that holds it.
  uint64_t chunk(unsigned word) const { return (bytes(word) + word + kAlign - 1) & ~(kAlign - 1); }
};
/// 2.30 to 2.41; 2.26 to 2.29; 2.42 and later.
inline constexpr std::array<CacheLayout, 3> kCacheLayouts{
    {{2, 64, false}, {1, 64, false}, {2, 76, true}}};
inline constexpr unsigned kSmallCacheBins =
    64;  ///< bins of one size each; those behind hold a power of two

}  // namespace inquest::heap::glibc
