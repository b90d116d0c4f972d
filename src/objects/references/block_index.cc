#include "objects/references/block_index.h"

#include <algorithm>

namespace inquest::objects {
namespace {

bool begins_before(const heap::Block& block, uint64_t at) { return block.begin < at; }

}  // namespace

BlockIndex::BlockIndex(const std::vector<heap::Block>& blocks) : blocks_(blocks) {
  if (blocks.empty()) return;
  low_ = blocks.front().begin;
  const heap::Block& last = blocks.back();
  span_ = last.begin + std::max<uint64_t>(last.size, 1) - low_;
  first_top_ = low_ >> kTopBits;
  // Blocks begin below 2^48; the last may reach further, into parts that its search serves.
  uint64_t count = ((low_ + span_ - 1) >> kTopBits) - first_top_ + 1;
  tops_.resize(count + 1);
  auto from = blocks.begin();
  for (uint64_t i = 0; i <= count; ++i) {
    if (from != blocks.end()) {
      uint64_t begin = (first_top_ + i) << kTopBits;
      if (from->begin < begin) {
        auto to = from;
        for (ptrdiff_t stride = 1; to != blocks.end() && to->begin < begin; stride *= 2) {
          from = to;
          to += std::min(stride, blocks.end() - to);
        }
        from = std::lower_bound(from, to, begin, begins_before);
      }
    }
    tops_[i].first = static_cast<uint32_t>(from - blocks.begin());
  }
  near_.resize((count + 63) / 64);
  for (uint64_t i = 0; i < count; ++i) {
    uint32_t end = tops_[i + 1].first;
    bool has = end > tops_[i].first;
    if (!has && end > 0)
      has = blocks[end - 1].begin + blocks[end - 1].size > (first_top_ + i) << kTopBits;
    near_[i / 64] |= uint64_t{has} << (i % 64);
    if (end - tops_[i].first >= kFewInTop) add_windows(tops_[i], (first_top_ + i) << kTopBits, end);
  }
  windows_.shrink_to_fit();
  granules_.shrink_to_fit();
}

void BlockIndex::add_windows(Part& top, uint64_t begin, uint32_t end_id) {
  size_t table = windows_.size();
  top.table = static_cast<uint32_t>(table);
  windows_.resize(table + kWindows + 1);
  uint32_t id = top.first;
  for (uint32_t i = 0; i < kWindows; ++i) {
    windows_[table + i].first = id;
    uint64_t end = begin + (uint64_t{i + 1} << kWindowBits);
    if (id < end_id && blocks_[id].begin < end) {
      auto after =
          std::lower_bound(blocks_.begin() + id, blocks_.begin() + end_id, end, begins_before);
      id = static_cast<uint32_t>(after - blocks_.begin());
    }
    uint32_t inside = id - windows_[table + i].first;
    bool has_room = granules_.size() + kGranules < kNoTable;
    if (inside >= kFewInWindow && inside < UINT16_MAX && has_room)
      add_granules(windows_[table + i], end - (1ull << kWindowBits), id);
  }
  windows_[table + kWindows].first = id;
}

void BlockIndex::add_granules(Part& window, uint64_t begin, uint32_t end_id) {
  size_t table = granules_.size();
  window.table = static_cast<uint32_t>(table);
  granules_.resize(table + kGranules);
  uint32_t id = window.first;
  for (uint32_t i = 0; i < kGranules; ++i) {
    uint64_t at = begin + (uint64_t{i} << kGranuleBits);
    while (id < end_id && blocks_[id].begin <= at) ++id;
    granules_[table + i] = static_cast<uint16_t>(id - window.first);
  }
}

uint32_t BlockIndex::search(uint32_t first, uint32_t last, uint64_t at) const {
  auto after =
      std::lower_bound(blocks_.begin() + first, blocks_.begin() + last, at + 1, begins_before);
  return static_cast<uint32_t>(after - blocks_.begin()) - 1;
}

uint64_t BlockIndex::own_bytes() const {
  return tops_.capacity() * sizeof(Part) + near_.capacity() * 8 +
         windows_.capacity() * sizeof(Part) + granules_.capacity() * sizeof(uint16_t);
}

}  // namespace inquest::objects
