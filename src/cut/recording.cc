#include "cut/recording.h"

#include <algorithm>

namespace inquest::cut {
namespace {

constexpr uint64_t kPageBytes = 64 * Recording::kLine;

}  // namespace

void Recording::touch_page(uint64_t page, uint64_t mask) {
  Part& part = parts_[page % kParts];
  std::lock_guard lock(part.mutex);
  auto found = part.lines.find(page);
  if (found != part.lines.end()) {
    found->second |= mask;
  } else if (part.lines.size() < kMostPages) {
    part.lines.emplace(page, mask);
  } else {
    part.overflowed = true;
  }
}

void Recording::touched(Address from, uint64_t size) {
  if (size == 0) return;
  uint64_t last = from.value + std::min(size - 1, UINT64_MAX - from.value);
  // A reader of more than all that is noted would only cost time.
  last = std::min(last,
                  from.value + std::min(kMostPages * kParts * kPageBytes, UINT64_MAX - from.value));
  for (uint64_t page = from.value / kPageBytes; page <= last / kPageBytes; ++page) {
    uint64_t begin = std::max(from.value, page * kPageBytes) % kPageBytes / kLine;
    uint64_t end = std::min(last, page * kPageBytes + (kPageBytes - 1)) % kPageBytes / kLine;
    touch_page(page, ~uint64_t{0} << begin & ~uint64_t{0} >> (63 - end));
  }
}

std::vector<AddressRange> Recording::ranges() const {
  std::vector<std::pair<uint64_t, uint64_t>> pages;
  for (const Part& part : parts_) {
    std::lock_guard lock(part.mutex);
    pages.insert(pages.end(), part.lines.begin(), part.lines.end());
  }
  std::ranges::sort(pages);
  std::vector<AddressRange> ranges;
  for (const auto& [page, mask] : pages) {
    for (unsigned line = 0; line < 64; ++line) {
      if (!(mask >> line & 1)) continue;
      Address begin{page * kPageBytes + line * kLine};
      uint64_t end = begin.value + kLine;
      if (end == 0) end = UINT64_MAX;
      if (!ranges.empty() && ranges.back().end == begin) {
        ranges.back().end = Address{end};
      } else {
        ranges.push_back({begin, Address{end}});
      }
    }
  }
  return ranges;
}

void Recording::clear() {
  for (Part& part : parts_) {
    std::lock_guard lock(part.mutex);
    part.lines.clear();
  }
}

bool Recording::overflowed() const {
  return std::ranges::any_of(parts_, [](const Part& part) {
    std::lock_guard lock(part.mutex);
    return part.overflowed;
  });
}

}  // namespace inquest::cut
