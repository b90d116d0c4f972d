#include "format/breakpad/frame_rules.h"

#include <algorithm>

namespace inquest::breakpad {

void FrameRules::sort() {
  auto sort = [](auto& frames) {
    auto earlier = [](const auto& a, const auto& b) { return a.begin < b.begin; };
    // As dump_syms writes them, they are in order.
    if (std::is_sorted(frames.begin(), frames.end(), earlier)) return;
    std::stable_sort(frames.begin(), frames.end(), earlier);
  };
  sort(cfi);
  // Frame data before FPO, and of nested records the one that begins last is found first.
  sort(win);
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
