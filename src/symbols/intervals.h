/// Overlapping claims to addresses -> disjoint intervals, each with its one owner.
#pragma once

#include <cstdint>
#include <vector>

namespace inquest::symbols {

struct Interval {
  uint32_t begin = 0;
  uint32_t end = 0;  ///< past the last
  uint32_t owner = 0;
};

/// Where claims overlap the lowest `owner` wins. Returns intervals sorted by begin; neighbours of
/// one owner are joined. O(n log n), whatever the overlap.
std::vector<Interval> flatten(std::vector<Interval> claims);

/// The interval that holds `at` in a sorted disjoint list; null when none.
const Interval* find(const std::vector<Interval>& sorted, uint32_t at);

}  // namespace inquest::symbols
