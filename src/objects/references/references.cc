#include "objects/references.h"

#include <algorithm>

#include "base/parallel.h"
#include "objects/references/leak_groups.h"
#include "objects/references/reachability.h"
#include "objects/references/root_scan.h"
#include "objects/references/rows.h"

namespace inquest::objects {

using snapshot::Snapshot;

std::string_view name(RootKind kind) {
  switch (kind) {
    case RootKind::registers:
      return "registers";
    case RootKind::stack:
      return "stack";
    case RootKind::global:
      return "global";
    case RootKind::thread_local_data:
      return "thread-local";
    case RootKind::mapping:
      return "mapping";
  }
  return "unknown";
}

std::string_view name(Into into) {
  switch (into) {
    case Into::begin:
      return "begin";
    case Into::array:
      return "array";
    case Into::base_class:
      return "base class";
    case Into::string:
      return "string";
    case Into::length:
      return "length";
    case Into::back_pointer:
      return "back pointer";
    case Into::pool:
      return "pool";
    case Into::collected:
      return "collected";
    case Into::tree_node:
      return "tree node";
    case Into::thread_vector:
      return "thread vector";
    case Into::middle:
      break;
  }
  return "middle";
}

struct References::Impl {
  Rows rows;
  std::vector<Root> roots;
  std::vector<Reach> reach;
  LostBlocks lost, possible;
  std::vector<LeakGroup> leaks;
  ReferenceTotals totals;
  TaggedPointers tagged;
  uint64_t own_bytes = 0;

  void find(const Snapshot& process, const heap::Heaps& heaps, const ReferenceOptions& options);
  void group(const heap::Heaps& heaps);
  void sum_up(const heap::Heaps& heaps);
  void judge_tags(const Rows::Found& in_blocks, const RootsFound& in_roots);
};

void References::Impl::find(const Snapshot& process, const heap::Heaps& heaps,
                            const ReferenceOptions& options) {
  BlockIndex index(heaps.blocks);
  InteriorRules rules(process);
  WordScan scan(process, heaps, index, rules, options.pointer_mask);
  Rows::Found in_blocks;
  rows = Rows::find(heaps, scan, in_blocks);
  RootPlaces places = find_root_places(process, heaps, options.mappings_are_roots);
  RootsFound in_roots = read_roots(process, scan, places, totals);
  roots = std::move(in_roots.roots);
  totals.edges = in_blocks.edges;
  totals.scanned_bytes = in_blocks.scanned + in_roots.scanned;
  totals.missing_bytes = in_blocks.missing + in_roots.missing;
  reach = find_reach(heaps, rows, roots);
  group(heaps);
  own_bytes +=
      rows.own_bytes() + index.own_bytes() + roots.capacity() * sizeof(Root) + reach.capacity();
  sum_up(heaps);
  judge_tags(in_blocks, in_roots);
}

void References::Impl::group(const heap::Heaps& heaps) {
  lost = group_lost(heaps, rows, reach, Reach::lost);
  possible = group_lost(heaps, rows, reach, Reach::possible);
  own_bytes += lost.own_bytes + possible.own_bytes;
  leaks = std::move(lost.groups);
  leaks.insert(leaks.end(), possible.groups.begin(), possible.groups.end());
  possible.groups = {};
  std::ranges::sort(leaks, [](const LeakGroup& a, const LeakGroup& b) {
    return std::tuple(b.bytes, a.possible, a.head) < std::tuple(a.bytes, b.possible, b.head);
  });
}

void References::Impl::sum_up(const heap::Heaps& heaps) {
  auto add = [&](Sum& sum, BlockId block) {
    ++sum.blocks;
    sum.bytes += heaps.blocks[block].size;
  };
  for (BlockId i = 0; i < reach.size(); ++i) {
    if (reach[i] == Reach::reachable) add(totals.reachable, i);
    if (reach[i] == Reach::possible) add(totals.possible, i);
  }
  for (size_t i = 0; i < lost.blocks.size(); ++i)
    add(lost.heads[i] == lost.blocks[i] ? totals.definite : totals.indirect, lost.blocks[i]);
}

void References::Impl::judge_tags(const Rows::Found& in_blocks, const RootsFound& in_roots) {
  tagged.words = in_blocks.tagged + in_roots.tagged;
  tagged.mask = in_blocks.tags | in_roots.tags;
  for (const auto* blocks : {&in_blocks.tagged_blocks, &in_roots.tagged_blocks}) {
    tagged.to_lost_blocks += static_cast<uint64_t>(
        std::ranges::count_if(*blocks, [&](BlockId block) { return reach[block] == Reach::lost; }));
  }
}

References References::find(const Snapshot& process, const heap::Heaps& heaps,
                            const ReferenceOptions& options) {
  auto impl = std::make_unique<Impl>();
  if (!heaps.blocks.empty() && heaps.blocks.size() < (1u << 31)) {
    const ThreadLimit limit(options.threads);
    impl->find(process, heaps, options);
  }
  return References(std::move(impl));
}

References::References(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
References::~References() = default;
References::References(References&&) noexcept = default;

std::span<const BlockId> References::from(BlockId block) const {
  if (block >= impl_->reach.size()) return {};
  return impl_->rows.from(block);
}
const std::vector<Root>& References::roots() const { return impl_->roots; }
Reach References::reach(BlockId block) const {
  return block < impl_->reach.size() ? impl_->reach[block] : Reach::none;
}
const std::vector<LeakGroup>& References::leaks() const { return impl_->leaks; }
const ReferenceTotals& References::totals() const { return impl_->totals; }
const TaggedPointers& References::tagged() const { return impl_->tagged; }
uint64_t References::own_bytes() const { return impl_->own_bytes; }

BlockId References::head_of(BlockId block) const {
  for (const LostBlocks* some : {&impl_->lost, &impl_->possible}) {
    auto at = std::ranges::lower_bound(some->blocks, block);
    if (at != some->blocks.end() && *at == block)
      return some->heads[static_cast<size_t>(at - some->blocks.begin())];
  }
  return kNone;
}

}  // namespace inquest::objects
