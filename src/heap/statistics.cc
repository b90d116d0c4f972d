#include "heap/statistics.h"

#include <bit>
#include <map>

namespace inquest::heap {
namespace {

/// Counts sizes: nearly all are small, and those are counted in an array.
class SizeCounts {
 public:
  void add(uint64_t size) {
    if (size < small_.size()) {
      ++small_[size];
    } else {
      ++large_[size];
    }
  }
  std::vector<SizeSum> take() const {
    std::vector<SizeSum> sums;
    for (uint64_t size = 0; size < small_.size(); ++size) {
      if (small_[size] != 0) sums.push_back({size, small_[size]});
    }
    for (auto [size, count] : large_) sums.push_back({size, count});
    return sums;
  }

 private:
  std::vector<uint64_t> small_ = std::vector<uint64_t>(1 << 16);
  std::map<uint64_t, uint64_t> large_;
};

uint64_t median_size(const std::vector<SizeSum>& sizes, uint64_t count) {
  uint64_t seen = 0;
  for (const SizeSum& size : sizes) {
    seen += size.count;
    if (seen * 2 > count) return size.size;
  }
  return 0;
}

}  // namespace

Statistics sum_up(const Heaps& heaps) {
  Statistics sums;
  sums.arenas.resize(heaps.arenas.size());
  SizeCounts used, free;
  for (const Block& block : heaps.blocks) {
    State state = block.state();
    if (block.state_bits > 3) continue;
    if (block.arena < sums.arenas.size()) sums.arenas[block.arena][state].add(block.size);
    if (state == State::used) used.add(block.size);
    if (state == State::free) free.add(block.size);
  }
  for (const Usage& arena : sums.arenas) {
    for (size_t i = 0; i < arena.by_state.size(); ++i) {
      sums.all.by_state[i].count += arena.by_state[i].count;
      sums.all.by_state[i].bytes += arena.by_state[i].bytes;
    }
  }
  sums.used_sizes = used.take();
  sums.usual_size = median_size(sums.used_sizes, sums.all[State::used].count);
  for (const SizeSum& size : free.take()) {
    uint64_t least = size.size == 0 ? 0 : std::bit_floor(size.size);
    if (sums.free_sizes.empty() || sums.free_sizes.back().least != least)
      sums.free_sizes.push_back({least, {}});
    Sum& sum = sums.free_sizes.back().sum;
    sum.count += size.count;
    sum.bytes += size.bytes();
    sums.largest_free = size.size;
    if (size.size >= sums.usual_size) continue;
    sums.crumbs.count += size.count;
    sums.crumbs.bytes += size.bytes();
  }
  return sums;
}

}  // namespace inquest::heap
