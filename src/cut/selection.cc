#include "cut/selection.h"

#include <algorithm>

namespace inquest::cut {
namespace {

/// A descriptor in the memory list, and what aligns the bytes.
constexpr uint64_t kEntryBytes = 16 + 8;

}  // namespace

std::string_view name(Part part) {
  constexpr std::string_view names[kParts] = {"crashed_stack", "analysis",      "images",
                                              "stacks",        "thread_blocks", "pointed_to"};
  return names[static_cast<size_t>(part)];
}

bool Selection::keep(AddressRange range, Part part, bool from_files) {
  if (range.empty()) return true;
  Tally& tally = tallies_[static_cast<size_t>(part)];
  uint64_t left_out = tally.left_out;
  const auto& pieces = memory_.pieces();
  auto piece =
      std::ranges::partition_point(pieces, [&](const auto& p) { return p.end() <= range.begin; });
  for (; piece != pieces.end() && piece->begin < range.end; ++piece) {
    if (piece->origin != snapshot::Origin::dump && !from_files) continue;
    keep_run({std::max(piece->begin, range.begin), std::min(piece->end(), range.end)}, tally);
  }
  return tally.left_out == left_out;
}

/// What of the run is not kept yet, gap by gap.
void Selection::keep_run(AddressRange run, Tally& tally) {
  Address at = run.begin;
  while (at < run.end) {
    auto after = kept_.upper_bound(at);
    if (after != kept_.begin() && at < std::prev(after)->second) {
      at = std::prev(after)->second;
      continue;
    }
    Address end = after == kept_.end() ? run.end : std::min(run.end, after->first);
    uint64_t wanted = end - at;
    uint64_t fits = std::min(wanted, room_ > kEntryBytes ? room_ - kEntryBytes : 0);
    if (fits > 0) {
      room_ -= std::min(room_, fits + insert({at, at + fits}));
      tally.kept += fits;
    }
    tally.left_out += wanted - fits;
    at = end;
  }
}

/// Joins it with its neighbours; what a new entry costs.
uint64_t Selection::insert(AddressRange gap) {
  uint64_t cost = kEntryBytes;
  auto after = kept_.lower_bound(gap.end);
  if (after != kept_.end() && after->first == gap.end) {
    gap.end = after->second;
    after = kept_.erase(after);
    cost = 0;
  }
  if (after != kept_.begin() && std::prev(after)->second == gap.begin) {
    std::prev(after)->second = gap.end;
    return 0;
  }
  kept_.emplace_hint(after, gap.begin, gap.end);
  return cost;
}

bool Selection::has(Address at) const {
  auto after = kept_.upper_bound(at);
  return after != kept_.begin() && at < std::prev(after)->second;
}

std::vector<AddressRange> Selection::ranges() const {
  std::vector<AddressRange> ranges;
  ranges.reserve(kept_.size());
  for (const auto& [begin, end] : kept_) ranges.push_back({begin, end});
  return ranges;
}

}  // namespace inquest::cut
