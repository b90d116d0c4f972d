#include "format/breakpad/frame_rules.h"

#include <algorithm>

namespace inquest::breakpad {

void FrameRules::sort() {
  std::stable_sort(cfi.begin(), cfi.end(),
                   [](const CfiFrame& a, const CfiFrame& b) { return a.begin < b.begin; });
  // Frame data before FPO, and of nested records the one that begins last is found first.
  std::stable_sort(win.begin(), win.end(),
                   [](const WinFrame& a, const WinFrame& b) { return a.begin < b.begin; });
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
