#include "heap/glibc/tops.h"

#include <algorithm>
#include <cstring>

#include "heap/glibc/layout.h"

namespace inquest::heap::glibc {

bool is_empty_bin(Window& memory, uint64_t at, unsigned word) {
  uint64_t self = at - 2 * word;
  return memory.word(at, word) == self && memory.word(at + word, word) == self;
}

namespace {

constexpr size_t kMostCandidates = 1 << 16;  // hostile data may be nothing but empty bins

/// Empty bins beside each other end with the last one, which is never used; or, where that was
/// overwritten (or the one before it is not empty), just before it.
void add_tops(Window& memory, uint64_t at, unsigned word, std::vector<uint64_t>& tops) {
  const uint64_t pair = uint64_t{2} * word;
  if (is_empty_bin(memory, at + pair, word)) return;
  for (unsigned bin : {kBins, kBins - 1, kBins - 2}) {
    uint64_t top = at - pair * bin;
    tops.push_back(top);
  }
}

/// Every place in the range that may be the last bin of an arena gives that arena's `top`.
void find_tops_in(Window& memory, AddressRange range, unsigned word, std::vector<uint64_t>& tops) {
  Window others = memory;  // `run` stays as it is
  uint64_t at = (range.begin.value + word - 1) & ~uint64_t{word - 1};
  while (at < range.end.value) {
    Bytes run = memory.run(at);
    if (run.empty()) {
      auto next = memory.next_held((at & ~(kPage - 1)) + kPage);
      if (!next) return;
      at = (*next + word - 1) & ~uint64_t{word - 1};
      if (at < *next) return;
      continue;
    }
    uint64_t bytes = std::min<uint64_t>(run.size(), range.end.value - at);
    for (uint64_t offset = 0; offset + 2 * word <= bytes; offset += word) {
      uint64_t self = at + offset - 2 * word, value = 0, second = 0;
      std::memcpy(&value, run.data() + offset, word);
      if (value != self) continue;
      std::memcpy(&second, run.data() + offset + word, word);
      if (second == self) add_tops(others, at + offset, word, tops);
      if (tops.size() >= kMostCandidates) return;
    }
    at += std::max<uint64_t>(bytes & ~uint64_t{word - 1}, word);
  }
}

bool is_module_data(const snapshot::Snapshot& process, const snapshot::Region& region) {
  if (region.access && !region.access->write) return false;
  return process.module_at(region.range.begin) || process.module_at(region.range.end - 1);
}

}  // namespace

std::vector<uint64_t> find_tops(const snapshot::Snapshot& process, Window& memory) {
  const unsigned word = snapshot::pointer_size(process.arch);
  std::vector<uint64_t> tops;
  for (const auto& region : process.regions) {
    if (is_module_data(process, region)) find_tops_in(memory, region.range, word, tops);
  }
  return tops;
}

}  // namespace inquest::heap::glibc
