#include "format/breakpad/frame_rules.h"

#include <algorithm>

namespace inquest::breakpad {

namespace {

/// By begin, equals as they were. dump_syms writes records in order, or one type after the other,
/// each in order: two or a few such runs are merged, which is less work than sorting.
template <typename Frames>
void sort_by_begin(Frames& frames) {
  constexpr int kMostRuns = 4;
  auto earlier = [](const auto& a, const auto& b) { return a.begin < b.begin; };
  auto end = std::is_sorted_until(frames.begin(), frames.end(), earlier);
  for (int runs = 1; end != frames.end() && runs < kMostRuns; ++runs) {
    auto next = std::is_sorted_until(end, frames.end(), earlier);
    std::inplace_merge(frames.begin(), end, next, earlier);
    end = next;
  }
  if (end != frames.end()) std::stable_sort(frames.begin(), frames.end(), earlier);
}

}  // namespace

void FrameRules::sort() {
  sort_by_begin(cfi);
  // Frame data before FPO, and of nested records the one that begins last is found first.
  sort_by_begin(win);
}

const CfiFrame* FrameRules::cfi_at(uint64_t rva) const {
  auto after = std::upper_bound(cfi.begin(), cfi.end(), rva,
                                [](uint64_t at, const CfiFrame& f) { return at < f.begin; });
  if (after == cfi.begin()) return nullptr;
  const CfiFrame& frame = *std::prev(after);
  return rva - frame.begin < frame.size ? &frame : nullptr;
}

const WinFrame* FrameRules::win_at(uint64_t rva) const {
  constexpr int kMostNested = 16;
  auto at = std::upper_bound(win.begin(), win.end(), rva,
                             [](uint64_t a, const WinFrame& f) { return a < f.begin; });
  const WinFrame* without_program = nullptr;
  for (int tries = 0; at != win.begin() && tries < kMostNested; ++tries) {
    const WinFrame& frame = *--at;
    if (rva - frame.begin >= frame.size) continue;
    if (!frame.program.empty()) return &frame;
    if (!without_program) without_program = &frame;
  }
  return without_program;
}

}  // namespace inquest::breakpad
