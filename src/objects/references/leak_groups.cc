#include "objects/references/leak_groups.h"

#include <algorithm>
#include <bit>

namespace inquest::objects {
namespace {

constexpr uint32_t kUnset = UINT32_MAX;

/// A set of blocks, and the place of each among its fellows.
class Ranks {
 public:
  Ranks(const std::vector<Reach>& reach, Reach which)
      : bits_((reach.size() + 63) / 64), before_(bits_.size()) {
    for (size_t i = 0; i < reach.size(); ++i)
      bits_[i / 64] |= uint64_t{reach[i] == which} << (i % 64);
    for (size_t i = 0; i < bits_.size(); ++i) {
      before_[i] = count_;
      count_ += static_cast<uint32_t>(std::popcount(bits_[i]));
    }
  }
  uint32_t count() const { return count_; }
  /// kUnset when it is not in the set.
  uint32_t rank(BlockId block) const {
    uint64_t bits = bits_[block / 64], bit = uint64_t{1} << (block % 64);
    if (!(bits & bit)) return kUnset;
    return before_[block / 64] + static_cast<uint32_t>(std::popcount(bits & (bit - 1)));
  }
  std::vector<BlockId> blocks() const {
    std::vector<BlockId> out;
    out.reserve(count_);
    for (size_t i = 0; i < bits_.size(); ++i) {
      for (uint64_t bits = bits_[i]; bits != 0; bits &= bits - 1)
        out.push_back(static_cast<BlockId>(i * 64) + static_cast<BlockId>(std::countr_zero(bits)));
    }
    return out;
  }
  uint64_t own_bytes() const { return bits_.capacity() * 8 + before_.capacity() * 4; }

 private:
  std::vector<uint64_t> bits_;
  std::vector<uint32_t> before_;
  uint32_t count_ = 0;
};

class Grouping {
 public:
  Grouping(const heap::Heaps& heaps, const Rows& rows, const std::vector<Reach>& reach, Reach which)
      : heaps_(heaps), rows_(rows), ranks_(reach, which), possible_(which == Reach::possible) {
    lost_.blocks = ranks_.blocks();
    lost_.heads.assign(ranks_.count(), kUnset);
  }

  LostBlocks find() {
    take_trees();
    if (std::ranges::find(lost_.heads, kUnset) != lost_.heads.end()) take_cycles();
    lost_.own_bytes = ranks_.own_bytes() + lost_.blocks.capacity() * 8 + stack_.capacity() * 4 +
                      lost_.groups.capacity() * sizeof(LeakGroup) + tarjan_bytes_;
    return std::move(lost_);
  }

 private:
  /// Calls take(rank) for those of the set that a block points to.
  template <class Take>
  void each_target(uint32_t rank, Take&& take) const {
    for (BlockId target : rows_.from(lost_.blocks[rank])) {
      uint32_t to = ranks_.rank(target);
      if (to != kUnset) take(to);
    }
  }

  void take_trees() {
    std::vector<bool> is_held(ranks_.count());
    for (uint32_t i = 0; i < ranks_.count(); ++i)
      each_target(i, [&](uint32_t to) { is_held[to] = true; });
    for (uint32_t i = 0; i < ranks_.count(); ++i) {
      if (!is_held[i]) take_group(i);
    }
  }

  /// All that the head reaches and no earlier head had.
  void take_group(uint32_t head) {
    LeakGroup group{.head = lost_.blocks[head], .possible = possible_};
    lost_.heads[head] = group.head;
    stack_.push_back(head);
    while (!stack_.empty()) {
      uint32_t rank = stack_.back();
      stack_.pop_back();
      ++group.blocks;
      group.bytes += heaps_.blocks[lost_.blocks[rank]].size;
      each_target(rank, [&](uint32_t to) {
        if (lost_.heads[to] != kUnset) return;
        lost_.heads[to] = group.head;
        stack_.push_back(to);
      });
    }
    lost_.groups.push_back(group);
  }

  /// Of what no tree holds: the components that no other leads to.
  void take_cycles() {
    find_components();
    std::vector<bool> is_held(components_);
    for (uint32_t i = 0; i < ranks_.count(); ++i) {
      if (component_[i] == kUnset) continue;
      each_target(i, [&](uint32_t to) {
        if (component_[to] != kUnset && component_[to] != component_[i])
          is_held[component_[to]] = true;
      });
    }
    for (uint32_t i = 0; i < ranks_.count(); ++i) {
      if (lost_.heads[i] == kUnset && component_[i] != kUnset && !is_held[component_[i]])
        take_group(i);
    }
  }

  /// Tarjan's, with a stack of its own. Components are numbered; what has a head already has none.
  void find_components() {
    struct Visit {
      uint32_t rank;
      uint32_t edge;
    };
    uint32_t next = 0;
    std::vector<uint32_t> order(ranks_.count(), kUnset), low(ranks_.count());
    component_.assign(ranks_.count(), kUnset);
    std::vector<Visit> path;
    std::vector<uint32_t> open;
    auto enter = [&](uint32_t rank) {
      order[rank] = low[rank] = next++;
      open.push_back(rank);
      path.push_back({rank, 0});
    };
    for (uint32_t start = 0; start < ranks_.count(); ++start) {
      if (lost_.heads[start] != kUnset || order[start] != kUnset) continue;
      enter(start);
      while (!path.empty()) {
        Visit& visit = path.back();
        auto row = rows_.from(lost_.blocks[visit.rank]);
        if (visit.edge < row.size()) {
          uint32_t to = ranks_.rank(row[visit.edge++]);
          if (to == kUnset || lost_.heads[to] != kUnset) continue;
          if (order[to] == kUnset) {
            enter(to);
          } else if (component_[to] == kUnset) {
            low[visit.rank] = std::min(low[visit.rank], order[to]);
          }
          continue;
        }
        uint32_t done = visit.rank;
        path.pop_back();
        if (!path.empty()) low[path.back().rank] = std::min(low[path.back().rank], low[done]);
        if (low[done] != order[done]) continue;
        uint32_t member;
        do {
          member = open.back();
          open.pop_back();
          component_[member] = components_;
        } while (member != done);
        ++components_;
      }
    }
    tarjan_bytes_ =
        (order.capacity() + low.capacity() + component_.capacity() + open.capacity()) * 4 +
        path.capacity() * sizeof(Visit);
  }

  const heap::Heaps& heaps_;
  const Rows& rows_;
  const Ranks ranks_;
  bool possible_;
  LostBlocks lost_;
  std::vector<uint32_t> stack_;  // ranks whose targets are still to be looked at
  std::vector<uint32_t> component_;
  uint32_t components_ = 0;
  uint64_t tarjan_bytes_ = 0;
};

}  // namespace

LostBlocks group_lost(const heap::Heaps& heaps, const Rows& rows, const std::vector<Reach>& reach,
                      Reach which) {
  return Grouping(heaps, rows, reach, which).find();
}

}  // namespace inquest::objects
