/// What the blocks of a process add up to: by state, by size, by arena; what of the free memory is
/// of little use. One pass over the blocks. Pure; safe from any thread.
#pragma once

#include <array>
#include <vector>

#include "heap/heap.h"

namespace inquest::heap {

struct Sum {
  uint64_t count = 0, bytes = 0;  ///< usable bytes
  void add(uint64_t size) {
    ++count;
    bytes += size;
  }
};

/// Sums by State.
struct Usage {
  std::array<Sum, 4> by_state = {};
  const Sum& operator[](State state) const { return by_state[static_cast<size_t>(state)]; }
  Sum& operator[](State state) { return by_state[static_cast<size_t>(state)]; }
};

struct SizeSum {
  uint64_t size;  ///< usable bytes of one
  uint64_t count;
  uint64_t bytes() const { return size * count; }
};

/// Free memory in blocks of [least, 2 * least) bytes.
struct FreeSum {
  uint64_t least;
  Sum sum;
};

struct Statistics {
  Usage all;
  std::vector<Usage> arenas;        ///< as Heaps::arenas
  std::vector<SizeSum> used_sizes;  ///< blocks in use by size, ascending
  std::vector<FreeSum> free_sizes;  ///< ascending, without those that have none
  uint64_t largest_free = 0;
  /// Half of the blocks in use are at least so large; free ones below it serve few requests.
  uint64_t usual_size = 0;
  Sum crumbs;  ///< free (not cached) blocks smaller than usual_size
};
Statistics sum_up(const Heaps& heaps);

}  // namespace inquest::heap
