#include "cause/heap/reference_map.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "cause/heap/pointer_words.h"
#include "cause/heap/root_chains.h"
#include "objects/referrers.h"

namespace inquest::cause {
namespace {

using answer::MapEdge;
using answer::MapObject;
using objects::BlockId;
using objects::is_block;
using objects::is_owner;
using objects::kFirstOwner;
using objects::Node;

constexpr size_t kFrom = 12, kTo = 24, kRootsNamed = 8, kRootsCounted = 64, kChain = 16;

class MapFinder {
 public:
  explicit MapFinder(const ReferenceMapInput& input)
      : in_(input),
        chains_(find_root_chains(input.heaps.blocks.size(), input.references)),
        referrers_(objects::Referrers::find(input.heaps.blocks.size(), input.references)) {}

  ReferenceMap find() {
    choose();
    for (BlockId block : chosen_) place_of(block);
    find_neighbours();
    name_roots();
    map_.objects.resize(chosen_.size());
    for (size_t i = 0; i < chosen_.size(); ++i) map_.objects[i] = describe(i);
    return std::move(map_);
  }

 private:
  struct Neighbours {
    std::vector<BlockId> from = {}, to = {};
    std::vector<uint32_t> owners = {};
    uint64_t root_count = 0;
  };

  // -- which objects

  bool add(BlockId block) {
    if (chosen_.size() >= in_.limit || !is_chosen_.insert(block).second) return false;
    chosen_.push_back(block);
    return true;
  }

  void choose() {
    for (BlockId seed : in_.seeds) {
      if (chosen_.size() * 2 >= in_.limit) break;
      add(seed);
    }
    // How they are reached, from the seed towards the root.
    for (size_t i = 0, seeds = chosen_.size(); i < seeds; ++i) {
      BlockId at = chosen_[i];
      for (size_t step = 0; step < kChain && (at = chains_.before[at]) != RootChains::kNobody;
           ++step)
        add(at);
    }
    for (size_t i = 0; i < chosen_.size() && chosen_.size() < in_.limit; ++i) {
      Node keeper = in_.dominators.parent(chosen_[i]);
      if (is_block(keeper)) add(keeper);
      for (BlockId next : largest(in_.references.from(chosen_[i]), kFrom, {})) add(next);
      for (BlockId next : from_of(chosen_[i])) add(next);
    }
  }

  /// At most `count` of them, `first` in front, then by what they retain.
  std::vector<BlockId> largest(std::span<const BlockId> all, size_t count,
                               const std::vector<BlockId>& first) const {
    std::vector<BlockId> out(std::min(all.size(), count));
    auto rank = [&](BlockId block) {
      auto at = static_cast<uint64_t>(std::ranges::find(first, block) - first.begin());
      return std::tuple(at, ~in_.dominators.retained_bytes(block), block);
    };
    std::ranges::partial_sort_copy(all, out, {}, rank, rank);
    return out;
  }
  /// Those that keep it and lead to it come first.
  std::vector<BlockId> from_of(BlockId block) const {
    return largest(referrers_.to(block), kFrom,
                   {in_.dominators.parent(block), chains_.before[block]});
  }

  // -- their pointers

  void find_neighbours() {
    around_.resize(chosen_.size());
    for (size_t i = 0; i < chosen_.size(); ++i) {
      const BlockId block = chosen_[i];
      around_[i].from = from_of(block);
      around_[i].to = largest(in_.references.from(block), kTo, {});
      for (BlockId from : around_[i].from) pointers_.push_back({from, block});
      for (BlockId to : around_[i].to) pointers_.push_back({block, to});
      if (chains_.before[block] != RootChains::kNobody)
        pointers_.push_back({chains_.before[block], block});
    }
    find_pointers(in_.process.snapshot(), in_.heaps, pointers_);
  }

  void name_roots() {
    const std::vector<objects::Root>& roots = in_.references.roots();
    for (size_t i = 0; i < std::min(roots.size(), in_.owner_of.size()); ++i) {
      if (!is_chosen_.contains(roots[i].block)) continue;
      Neighbours& around = around_[place_of(roots[i].block)];
      ++around.root_count;
      auto known = std::ranges::find(around.owners, in_.owner_of[i]);
      if (known == around.owners.end() && around.owners.size() < kRootsCounted)
        around.owners.push_back(in_.owner_of[i]);
    }
    // In the order of the chains' tiers.
    for (Neighbours& around : around_) {
      std::ranges::stable_partition(around.owners, [&](uint32_t owner) {
        objects::RootKind kind = in_.dominators.owners()[owner].kind;
        return kind != objects::RootKind::stack && kind != objects::RootKind::registers;
      });
      if (around.owners.size() > kRootsNamed) around.owners.resize(kRootsNamed);
    }
  }

  // -- as an answer

  uint32_t place_of(BlockId id) {
    auto [at, is_new] = places_.try_emplace(id, static_cast<uint32_t>(map_.places.size()));
    if (is_new) {
      const heap::Block& block = in_.heaps.blocks[id];
      map_.places.push_back({.at = block.address(),
                             .size = block.size,
                             .type = in_.types.index_of(block),
                             .bytes = in_.dominators.retained_bytes(id),
                             .blocks = in_.dominators.retained_blocks(id)});
    }
    return at->second;
  }

  /// The pointer, as seen from the end that is not `other`.
  MapEdge edge(BlockId from, BlockId to, BlockId other) {
    MapEdge edge{.place = place_of(other)};
    auto known = std::lower_bound(pointers_.begin(), pointers_.end(), WantedPointer{from, to});
    if (known == pointers_.end() || known->from != from || known->to != to) return edge;
    edge.offset = known->offset;
    if (edge.offset) edge.field = members_.at(from, *edge.offset);
    return edge;
  }

  MapObject describe(size_t i) {
    constexpr std::string_view kReach[] = {"", "lost", "possible", "reachable"};
    const BlockId block = chosen_[i];
    const objects::BlockType type = in_.typing.of(block);
    MapObject object{.reach = std::string(kReach[static_cast<size_t>(in_.references.reach(block))]),
                     .root_count = around_[i].root_count,
                     .from_count = referrers_.to(block).size(),
                     .to_count = in_.references.from(block).size(),
                     .steps = chains_.steps[block]};
    if (type.type != 0) {
      object.how = name(type.how);
      object.percent = type.percent;
    }
    const Node keeper = in_.dominators.parent(block);
    if (is_block(keeper)) object.keeper = place_of(keeper);
    if (is_owner(keeper))
      object.keepers.push_back(in_.dominators.owners()[keeper - kFirstOwner].name);
    for (uint32_t owner : around_[i].owners)
      object.roots.push_back(in_.dominators.owners()[owner].name);
    for (BlockId from : around_[i].from) object.from.push_back(edge(from, block, from));
    for (BlockId to : around_[i].to) object.to.push_back(edge(block, to, to));
    std::ranges::stable_sort(object.to, {},
                             [](const MapEdge& to) { return to.offset.value_or(UINT64_MAX); });
    if (BlockId before = chains_.before[block]; before != RootChains::kNobody)
      object.before = edge(before, block, before);
    return object;
  }

  const ReferenceMapInput& in_;
  RootChains chains_;
  objects::Referrers referrers_;
  MemberNames members_{in_.typing};
  std::vector<BlockId> chosen_;
  std::set<BlockId> is_chosen_;
  std::vector<Neighbours> around_;       // of each chosen
  std::vector<WantedPointer> pointers_;  // ascending once they are found
  std::unordered_map<BlockId, uint32_t> places_;
  ReferenceMap map_;
};

}  // namespace

ReferenceMap find_reference_map(const ReferenceMapInput& input) { return MapFinder(input).find(); }

}  // namespace inquest::cause
