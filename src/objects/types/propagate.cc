#include "objects/types/propagate.h"

#include <tuple>
#include <utility>

#include "objects/types/text.h"

namespace inquest::objects {

using heap::Block;

namespace {

constexpr size_t kMostConflicts = 1000;
constexpr size_t kFewInteriorPointers = 1 << 16, kMostInteriorPointers = 1 << 22,
                 kMostLoose = 1 << 20, kLooseOfBlock = 4;

}  // namespace

Propagation::Propagation(const TypingInput& input, TypeTable& types, const VirtualTables& tables,
                         const BlockIndex& index)
    : input_(input),
      types_(types),
      tables_(tables),
      index_(index),
      word_size_(snapshot::pointer_size(input.process.arch)) {
  const size_t count = input.heaps.blocks.size();
  blocks_.resize(count);
  strengths_.resize(count);
  limits_.resize(count);
  waits_.resize(count);
}

uint64_t Propagation::own_bytes() const {
  return blocks_.capacity() * sizeof(BlockType) + strengths_.capacity() * 2 +
         limits_.capacity() * 4 + waits_.capacity() / 8 + waiting_.capacity() * sizeof(BlockId);
}

Follower Propagation::follower(Found& out) const {
  return Follower({input_, types_, tables_, index_, blocks_, strengths_, arenas_}, out);
}

/// Its layout, and those of what its pointers lead to, are made before threads read them.
void Propagation::prepare(TypeIndex type) {
  if (prepared_.size() <= type) prepared_.resize(types_.types().size() + 1);
  if (prepared_[type]) return;
  prepared_[type] = true;
  const Layout& layout = types_.layout(type);
  for (const PointerSlot& slot : layout.slots) types_.layout(slot.target);
}

void Propagation::take(const Claim& claim, uint16_t strength) {
  blocks_[claim.block] = {.type = claim.type,
                          .how = claim.how,
                          .percent = claim.percent,
                          .is_array = claim.is_array,
                          .behind_count = claim.behind_count};
  strengths_[claim.block] = strength;
  limits_[claim.block] = claim.limit;
  prepare(claim.type);
  if (waits_[claim.block] || types_.made(claim.type).slots.empty()) return;
  waits_[claim.block] = true;
  waiting_.push_back(claim.block);
}

void Propagation::weigh(const Claim& claim) {
  const BlockType old = blocks_[claim.block];
  const uint16_t strength = strengths_[claim.block];
  if (old.type == 0) return take(claim, claim.strength);
  if (old.type == claim.type) {
    const bool more = claim.is_array && !old.is_array && claim.strength >= strength;
    const bool longer = old.is_array && limits_[claim.block] != 0 &&
                        (claim.limit == 0 || claim.limit > limits_[claim.block]);
    if (claim.strength > strength || more || (claim.is_array && longer)) {
      const bool again = more || longer || claim.is_array != old.is_array;
      if (again) return take(claim, std::max(strength, claim.strength));
      blocks_[claim.block].how = claim.how;
      blocks_[claim.block].percent = std::max(old.percent, claim.percent);
      strengths_[claim.block] = claim.strength;
    }
    return;
  }
  if (claim.strength > strength) {
    // What is known already may be the same object, known better.
    if (strength >= Strength::container && !claim.is_array && claim.strength < Strength::rtti &&
        types_.begins_with(old.type, claim.type)) {
      return;
    }
    return take(claim, claim.strength);
  }
  const bool is_as_sure = claim.strength >= std::min(strength, Strength::container);
  const bool refines = is_as_sure && strength < Strength::rtti && !old.is_array &&
                       types_.begins_with(claim.type, old.type);
  if (refines) return take(claim, strength);
  if (claim.strength < strength || types_.begins_with(old.type, claim.type)) return;
  ++conflict_count_;
  if (conflicts_.size() < kMostConflicts) {
    conflicts_.push_back({claim.block, old.type, claim.type, claim.how});
  }
}

/// Many pointers may lead to one place: the surest of one type is enough, and that there is a
/// second. Those into blocks that were typed since say nothing any more.
void Propagation::compact_interiors() {
  std::erase_if(interiors_, [&](const InteriorPointer& one) {
    const BlockId id = index_.find(one.at);
    if (id == kNoBlock) return false;
    const uint64_t offset = one.at - input_.heaps.blocks[id].begin;
    return tells(blocks_[id], strengths_[id], offset, types_.size(blocks_[id].type));
  });
  auto key = [](const InteriorPointer& one) {
    return std::tuple(one.at, one.type, !one.is_certain, one.end == 0, one.word);
  };
  std::ranges::sort(interiors_, {}, key);
  size_t kept = 0;
  for (const InteriorPointer& one : interiors_) {
    const bool is_third =
        kept >= 2 && interiors_[kept - 2].at == one.at && interiors_[kept - 2].type == one.type;
    if (!is_third) interiors_[kept++] = one;
  }
  interiors_.resize(std::min(kept, kMostInteriorPointers));
  interiors_compact_at_ = std::max(kFewInteriorPointers, 2 * interiors_.size());
  if (interiors_.capacity() > 2 * interiors_compact_at_) interiors_.shrink_to_fit();
}

std::vector<InteriorPointer> Propagation::take_interiors() {
  compact_interiors();
  return std::exchange(interiors_, {});
}

/// Those to blocks that are known by now say nothing; a few of a block are enough.
void Propagation::compact_loose() {
  std::erase_if(loose_, [&](const LoosePointer& one) {
    return strengths_[one.block] >= Strength::container;
  });
  std::ranges::stable_sort(loose_, {}, &LoosePointer::block);
  size_t kept = 0;
  for (const LoosePointer& one : loose_) {
    const bool is_more = kept >= kLooseOfBlock && loose_[kept - kLooseOfBlock].block == one.block;
    if (!is_more) loose_[kept++] = one;
  }
  loose_.resize(kept);
  loose_compact_at_ = std::max(kFewInteriorPointers, 2 * kept);
}

std::vector<LoosePointer> Propagation::take_loose() {
  compact_loose();
  return std::exchange(loose_, {});
}

void Propagation::weigh_all(const Found& found) {
  const std::vector<Claim>& claims = found.claims;
  interiors_.insert(interiors_.end(), found.interiors.begin(), found.interiors.end());
  if (interiors_.size() > interiors_compact_at_) compact_interiors();
  constexpr size_t kAhead = 16;
  for (size_t i = 0; i < claims.size(); ++i) {
    if (i + kAhead < claims.size()) {
      const BlockId soon = claims[i + kAhead].block;
      __builtin_prefetch(&blocks_[soon], 1);
      __builtin_prefetch(&strengths_[soon], 1);
      __builtin_prefetch(&limits_[soon], 1);
    }
    weigh(claims[i]);
  }
  for (const LoosePointer& one : found.loose) {
    if (strengths_[one.block] < Strength::container && loose_.size() < kMostLoose)
      loose_.push_back(one);
  }
  if (loose_.size() > loose_compact_at_) compact_loose();
}

Extent Propagation::extent_of(BlockId id) const {
  const Block& block = input_.heaps.blocks[id];
  const BlockType& type = blocks_[id];
  Extent extent{.at = block.begin, .bytes = block.size, .type = type.type};
  extent.holder = id;
  if (strengths_[id] <= Strength::interior) extent.most = Strength::interior;
  if (strengths_[id] <= Strength::local) extent.most = Strength::local;
  if (strengths_[id] <= Strength::linked) extent.most = Strength::likeness;
  if (type.behind_count) {
    extent.at += word_size_;
    extent.bytes -= word_size_;
  }
  const uint64_t size = types_.size(type.type);
  if (!type.is_array) {
    if (size != 0) extent.bytes = std::min(extent.bytes, size);
  } else if (limits_[id] != 0) {
    extent.bytes = std::min(extent.bytes, uint64_t{limits_[id]} * word_size_);
  }
  return extent;
}

void Propagation::seed_place(const TypedPlace& place, bool is_local) {
  const TypeIndex type = types_.index_of(place.reader, place.type);
  if (type == 0) return;
  prepare(type);
  uint64_t size = types_.size(type);
  // Of an array the elements.
  const symbols::TypeId plain = place.reader->resolve(place.type);
  const symbols::Type described = place.reader->type(plain);
  if (described.kind == symbols::TypeKind::array) size = std::max(size, described.size);
  Found found;
  Extent extent{.at = place.at.value, .bytes = size, .type = type};
  if (is_local) extent.most = Strength::local;
  follower(found).follow(extent);
  if (is_end_name(std::string_view(place.name).substr(0, place.name.find(' '))))
    found.interiors.clear();
  weigh_all(found);
}

void Propagation::follow(const std::vector<Extent>& extents) {
  for (const Extent& extent : extents) prepare(extent.type);
  in_batches(extents.size(), [&](size_t begin, size_t end, Found& out) {
    Follower follower = this->follower(out);
    for (size_t i = begin; i < end; ++i) follower.follow(extents[i]);
  });
}

void Propagation::run() {
  while (!waiting_.empty()) {
    std::vector<BlockId> round;
    round.swap(waiting_);
    for (BlockId id : round) waits_[id] = false;
    in_batches(round.size(), [&](size_t begin, size_t end, Found& out) {
      constexpr size_t kAhead = 8;
      Follower follower = this->follower(out);
      for (size_t i = begin; i < end; ++i) {
        if (i + 2 * kAhead < end) follower.fetch(round[i + 2 * kAhead]);
        if (i + kAhead < end) follower.fetch_bytes(round[i + kAhead]);
        follower.follow(extent_of(round[i]));
      }
    });
  }
}

void Propagation::find_text() {
  text_ = types_.named("text");
  wide_text_ = types_.named("UTF-16 text");
  in_batches(blocks_.size(), [&](size_t begin, size_t end, Found& out) {
    PieceView view(input_.process.memory);
    for (size_t i = begin; i < end; ++i) claim_as_text(static_cast<BlockId>(i), view, out.claims);
  });
}

void Propagation::claim_as_text(BlockId id, PieceView& view, std::vector<Claim>& out) const {
  const Block& block = input_.heaps.blocks[id];
  if (block.state() != heap::State::used || strengths_[id] > Strength::bytes) return;
  if (!holds_objects_.empty() && holds_objects_.contains(id)) return;
  const BlockText kind = block_text(view.at(block.begin, block.size));
  if (kind == BlockText::none) return;
  Claim claim{.block = id};
  claim.type = kind == BlockText::narrow ? text_ : wide_text_;
  claim.how = How::text;
  claim.strength = Strength::text;
  // Held as characters, it is sure.
  claim.percent = blocks_[id].type != 0 ? 98 : 90;
  out.push_back(claim);
}

}  // namespace inquest::objects
