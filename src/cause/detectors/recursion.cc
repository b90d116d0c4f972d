#include "cause/detectors/recursion.h"

#include <algorithm>
#include <unordered_map>

namespace inquest::cause {
namespace {

constexpr size_t kLongestPeriod = 64;
constexpr size_t kMostStarts = 64;  // frames of something else at the top, such as malloc's

/// How many frames from `start` on repeat those `period` before them, plus the first period.
size_t run_length(std::span<const uint64_t> functions, size_t start, size_t period) {
  size_t i = start + period;
  while (i < functions.size() && functions[i] == functions[i - period]) ++i;
  return i - start;
}

}  // namespace

std::optional<Recursion> find_recursion(std::span<const uint64_t> functions, size_t least) {
  size_t n = functions.size();
  Recursion best;
  // Nearly all of a stack that overflows is one repetition, so the middle shows the period.
  if (n >= 2 * least) {
    size_t middle = n / 2;
    for (size_t period = 1; period <= kLongestPeriod && middle + period < n; ++period) {
      if (run_length(functions, middle, period) < std::max(2 * period, least)) continue;
      size_t start = middle;
      while (start > 0 && functions[start - 1] == functions[start - 1 + period]) --start;
      best.first = start;
      best.frames = run_length(functions, start, period);
      best.periodic = true;
      best.rounds = best.frames / period;
      for (size_t i = 0; i < period; ++i) best.cycle.push_back(start + i);
      break;
    }
  }
  if (best.periodic && best.rounds >= least && best.frames >= n / 2) return best;

  // No fixed order (a walk of a tree, a parser): the functions that make up most of the stack.
  struct Count {
    size_t times = 0, first = 0;
  };
  std::unordered_map<uint64_t, Count> counts;
  for (size_t i = 0; i < n; ++i) {
    auto& count = counts[functions[i]];
    if (count.times++ == 0) count.first = i;
  }
  std::vector<Count> often;
  for (const auto& [function, count] : counts) {
    if (function != 0 && count.times >= least) often.push_back(count);
  }
  if (often.empty()) return {};
  std::sort(often.begin(), often.end(), [](const Count& a, const Count& b) {
    return a.times != b.times ? a.times > b.times : a.first < b.first;
  });
  Recursion out;
  out.first = n;
  for (const auto& count : often) {
    if (count.times * 50 < often.front().times) break;  // called now and then
    out.cycle.push_back(count.first);
    out.frames += count.times;
    out.first = std::min(out.first, count.first);
  }
  out.rounds = often.front().times;
  if (out.cycle.size() > kMostStarts) out.cycle.resize(kMostStarts);
  return out;
}

}  // namespace inquest::cause
