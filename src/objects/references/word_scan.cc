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

/// Allocators of size classes put no header between blocks, so the end of a block that a vector
/// fills is the begin of the next. { begin, end, end of room } gives it away: the first is the
/// begin of the block before, the last its end.
/// Source: libstdc++ bits/stl_vector.h, _Vector_impl_data; libc++ and MSVC have the same three.
bool WordScan::is_end_of_vector(Bytes words, size_t position, uint32_t block) const {
  if (block == 0) return false;
  const heap::Block& held = blocks_[block - 1];
  const uint64_t begin = held.begin, end = held.begin + held.size;
  if (end != blocks_[block].begin || held.state() != heap::State::used) return false;
  auto word = [&](size_t at) {
    return word_at(words.data(), static_cast<uint32_t>(at)) & filter_.keep;
  };
  if (word(position) != end) return false;
  const size_t count = words.size() / word_size_;
  if (position >= 2 && word(position - 2) == begin) {
    uint64_t middle = word(position - 1);
    if (middle >= begin && middle <= end) return true;
  }
  return position >= 1 && position + 1 < count && word(position - 1) == begin &&
         word(position + 1) == end;
}

}  // namespace inquest::objects
