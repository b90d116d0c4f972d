#include "objects/references/word_scan.h"

#include "objects/references/range_set.h"

namespace inquest::objects {
namespace {

/// Four times the bytes that are really there, however often pieces share them.
int64_t budget_of(const snapshot::Memory& memory) {
  constexpr uint64_t kTimes = 4, kMost = INT64_MAX / 8, kLeast = 64 << 20;
  std::vector<AddressRange> places;
  for (const auto& piece : memory.pieces()) {
    Address begin{reinterpret_cast<uintptr_t>(piece.bytes.data())};
    places.push_back({begin, begin + piece.bytes.size()});
  }
  const RangeSet distinct(std::move(places));
  uint64_t bytes = 0;
  for (const AddressRange& range : distinct.ranges()) bytes += range.size();
  return static_cast<int64_t>(kTimes * std::clamp(bytes, kLeast, kMost));
}

}  // namespace

WordScan::WordScan(const snapshot::Snapshot& process, const heap::Heaps& heaps,
                   const BlockIndex& index, const InteriorRules& rules, uint64_t pointer_mask)
    : memory_(process.memory),
      blocks_(heaps.blocks),
      index_(index),
      rules_(rules),
      word_size_(snapshot::pointer_size(process.arch)),
      find_tags_(pointer_mask == 0 && word_size_ == 8),
      filter_{.keep = find_tags_ ? kAddressBits : ~pointer_mask,
              .low = index.low(),
              .span = index.span()},
      budget_(budget_of(process.memory)) {}

}  // namespace inquest::objects
