#include "objects/types/interiors.h"

#include "objects/references/root_ranges.h"
#include "objects/types/parts.h"

namespace inquest::objects {
namespace {

constexpr size_t kMostInteriors = 4 << 20, kMostConsidered = 32 << 20;
constexpr size_t kMostWordsLookedAt = 1 << 28;
constexpr uint64_t kElementsLookedAt = 16, kZeroLookedAt = 512;
constexpr size_t kSlotsLookedAt = 256;
constexpr uint8_t kInteriorSure = 70;  // percent; less is not followed
constexpr uint8_t kDisputed = 55, kDoubtfulInterior = 50;
constexpr uint8_t kMuchSurer = 6;

Arenas arenas_of(const TypingInput& input) {
  std::vector<AddressRange> ranges;
  for (const RootRange& root : find_root_places(input.process, input.heaps, true).ranges) {
    if (root.kind != RootKind::mapping) continue;
    const snapshot::Region* region = input.process.region_at(root.range.begin);
    if (region && (!region->access || region->access->write)) ranges.push_back(root.range);
  }
  std::ranges::sort(ranges, {}, &AddressRange::begin);
  return Arenas(std::move(ranges));
}

}  // namespace

Interiors::Interiors(const TypingInput& input, TypeTable& types, VirtualTables& tables,
                     const BlockIndex& index, Propagation& propagation)
    : input_(input),
      types_(types),
      tables_(tables),
      index_(index),
      propagation_(propagation),
      word_size_(snapshot::pointer_size(input.process.arch)),
      arenas_(arenas_of(input)),
      view_(input.process.memory) {
  propagation.collect_interiors(&arenas_);
}

void Interiors::find() {
  for (;;) {
    std::vector<InteriorPointer> pointers = propagation_.take_interiors();
    std::ranges::stable_sort(pointers, std::greater(), &InteriorPointer::is_certain);
    for (const InteriorPointer& pointer : pointers) {
      if (++considered_ > kMostConsidered || words_ > kMostWordsLookedAt) break;
      if (objects_.size() >= kMostInteriors) break;
      consider(pointer);
    }
    if (waiting_.empty()) break;
    propagation_.follow(std::exchange(waiting_, {}));
    propagation_.run();
  }
  propagation_.collect_interiors(nullptr);
  for (const auto& [at, object] : objects_) {
    if (object.block != kNoBlock && object.percent >= kInteriorSure)
      propagation_.keep_from_text(object.block);
  }
}

std::vector<InteriorObject> Interiors::take() {
  std::vector<InteriorObject> out;
  for (const auto& [at, object] : objects_) {
    if (object.block == kNoBlock || !is_explained(object.block, at)) out.push_back(object);
  }
  return out;
}

/// Whether the block's own type tells what is at `at`.
bool Interiors::is_explained(BlockId id, uint64_t at) const {
  const heap::Block& block = input_.heaps.blocks[id];
  const BlockType& type = propagation_.blocks()[id];
  if (type.type == 0 || type.how == How::shape || type.how == How::likeness) return false;
  if (type.how == How::text) return true;
  if (types_.made(type.type).is_bytes) return false;  // memory for whatever is made in it
  const uint64_t size = types_.size(type.type);
  return type.is_array || size == 0 || at - block.begin < size || fits_loosely(block.size, size);
}

bool Interiors::is_holder_still(const InteriorPointer& pointer) const {
  if (pointer.holder == kNoBlock) return true;
  const TypeIndex now = propagation_.blocks()[pointer.holder].type;
  return now == pointer.holder_type || types_.begins_with(now, pointer.holder_type);
}

/// In one used block, or in one arena; fills in which.
bool Interiors::lies_in_one(InteriorObject& object) const {
  const uint64_t at = object.at.value, size = end_of(object) - at;
  object.block = index_.find(at);
  if (object.block == kNoBlock) {
    const AddressRange* arena = arenas_.find(at);
    return arena && size <= arena->end.value - at;
  }
  const heap::Block& block = input_.heaps.blocks[object.block];
  return block.state() == heap::State::used && at > block.begin &&
         size <= block.size - (at - block.begin) && !is_explained(object.block, at);
}

/// The class that its virtual table names, which must be one with such a base there.
bool Interiors::take_dynamic_type(InteriorObject& object) {
  if (!types_.layout(object.type).has_vptr) return true;
  const Bytes bytes = view_.at(object.at.value, word_size_);
  if (bytes.size() < word_size_) return false;
  const uint64_t word = word_of(bytes, 0, word_size_);
  if (!tables_.can_be(word)) return false;
  tables_.prepare(word);
  const VirtualTable* table = tables_.at(word);
  if (!table) return false;
  if (table->type == object.type) {
    object.how = table->how;
    return true;
  }
  if (object.count > 1 || types_.size(table->type) == 0 || table->offset == kInVirtualBase ||
      table->offset > object.at.value) {
    return true;
  }
  if (!may_hold(types_, table->type, table->offset, object.type)) return false;
  types_.layout(table->type);
  object.at = object.at - table->offset;
  object.type = table->type;
  object.how = table->how;
  return true;
}

void Interiors::consider(const InteriorPointer& pointer) {
  const uint64_t size = types_.size(pointer.type);
  if (size == 0 || !is_holder_still(pointer)) return;
  InteriorObject object{.at = {pointer.at}, .word = {pointer.word}, .type = pointer.type};
  object.how = pointer.is_link ? How::container : How::holder;
  if (pointer.end > pointer.at) object.count = (pointer.end - pointer.at) / size;
  if (object.count > UINT64_MAX / 2 / size || object.count == 0) return;
  if (!take_dynamic_type(object) || !lies_in_one(object)) return;
  auto same = objects_.find(object.at.value);
  const bool is_known = same != objects_.end() && same->second.type == object.type;
  if (is_known && same->second.word == object.word && same->second.count >= object.count) return;
  object.percent = percent_of(pointer, object);
  if (object.percent != 0) put(object);
}

void Interiors::look_at_pointer(const PointerSlot& slot, uint64_t value, Looks& looks) {
  const uint64_t at = value - slot.into;
  if (slot.target == 0) return;  // of void* a number may be made
  const BlockId id = index_.find(at);
  if (id != kNoBlock && input_.heaps.blocks[id].begin == at &&
      input_.heaps.blocks[id].state() == heap::State::used &&
      propagation_.strength(id) >= Strength::container) {
    const TypeIndex type = propagation_.blocks()[id].type;
    const bool agrees = types_.made(slot.target).is_scalar || type == slot.target ||
                        types_.begins_with(type, slot.target) ||
                        types_.begins_with(slot.target, type) || types_.made(type).is_scalar;
    ++(agrees ? looks.confirmed : looks.contradicting);
    return;
  }
  const bool is_there =
      id != kNoBlock || input_.process.memory.has({value}) || input_.process.region_at({value});
  ++(is_there ? looks.confirmed : looks.contradicting);
}

void Interiors::look_at_words(uint64_t at, TypeIndex type, Looks& looks) {
  const uint64_t size = types_.size(type);
  const Bytes bytes = view_.at(at, std::min<uint64_t>(size, 1 << 16));
  words_ += bytes.size() / word_size_;
  for (size_t i = 0; looks.is_zero && i < std::min<uint64_t>(bytes.size(), kZeroLookedAt); ++i)
    looks.is_zero = bytes[i] == std::byte{0};
  size_t looked_at = 0;
  for (const PointerSlot& slot : types_.layout(type).slots) {
    if (slot.offset + word_size_ > bytes.size() || ++looked_at > kSlotsLookedAt) break;
    const uint64_t value = word_of(bytes, slot.offset, word_size_);
    if (value != 0 && !slot.is_weak) look_at_pointer(slot, value, looks);
  }
}

Interiors::Looks Interiors::look(const InteriorObject& object) {
  Looks looks;
  const uint64_t size = types_.size(object.type);
  for (uint64_t i = 0; i < std::min(object.count, kElementsLookedAt); ++i)
    look_at_words(object.at.value + i * size, object.type, looks);
  return looks;
}

/// 0: it is not believed at all.
uint8_t Interiors::percent_of(const InteriorPointer& pointer, const InteriorObject& object) {
  constexpr uint8_t kConfirmed = 88, kAlone = 78, kOfLocal = 60, kOfLocalConfirmed = 75;
  constexpr uint8_t kByTable = 92, kRange = 85;
  const Looks looks = look(object);
  const bool is_range = pointer.end != 0;
  if (looks.contradicting > looks.confirmed) return 0;
  if (looks.is_zero && !(is_range && pointer.is_certain)) return 0;
  if (looks.contradicting > 0) return kDoubtfulInterior;
  if (object.how == How::virtual_table || object.how == How::rtti) return kByTable;
  // One pointer of an array of which nothing says how long it is.
  if (types_.made(object.type).is_pointer && !is_range && looks.confirmed == 0) return 0;
  if (!pointer.is_certain) return looks.confirmed > 0 ? kOfLocalConfirmed : kOfLocal;
  if (looks.confirmed > 0) return kConfirmed;
  return is_range ? kRange : kAlone;
}

void Interiors::follow_later(const InteriorObject& object) {
  if (object.percent < kInteriorSure || types_.layout(object.type).slots.empty()) return;
  waiting_.push_back({.at = object.at.value,
                      .bytes = object.count * types_.size(object.type),
                      .type = object.type,
                      .most = Strength::interior});
}

bool Interiors::is_part(const InteriorObject& outer, const InteriorObject& inner) {
  if (inner.at < outer.at || end_of(inner) > end_of(outer)) return false;
  const uint64_t size = types_.size(outer.type);
  return may_hold(types_, outer.type, (inner.at - outer.at) % size, inner.type);
}

/// Whether the new one is to be put, as far as `old`, which overlaps with it, says. May erase old.
bool Interiors::settle_with(Objects::iterator old, const InteriorObject& object) {
  InteriorObject& known = old->second;
  if (known.at == object.at && known.type == object.type) {
    if (object.count <= known.count && object.percent <= known.percent) return false;
    const bool was_followed = known.percent >= kInteriorSure && object.count <= known.count;
    if (object.percent > known.percent) known.word = object.word, known.how = object.how;
    if (!known.is_disputed) known.percent = std::max(known.percent, object.percent);
    known.count = std::max(known.count, object.count);
    if (!was_followed) follow_later(known);
    return false;
  }
  if (is_part(known, object)) return false;
  if (is_part(object, known)) {
    objects_.erase(old);
    return true;
  }
  if (!known.is_disputed && object.percent >= known.percent + kMuchSurer) {
    objects_.erase(old);
    return true;
  }
  if (object.percent + kMuchSurer > known.percent) {
    known.is_disputed = true;
    known.percent = std::min(known.percent, kDisputed);
  }
  return false;
}

void Interiors::put(const InteriorObject& object) {
  auto next = objects_.upper_bound(object.at.value);
  if (next != objects_.begin()) {
    auto before = std::prev(next);
    if (end_of(before->second) > object.at.value && !settle_with(before, object)) return;
  }
  const uint64_t end = end_of(object);
  for (next = objects_.upper_bound(object.at.value); next != objects_.end() && next->first < end;) {
    auto old = next++;
    if (!settle_with(old, object)) return;
  }
  objects_[object.at.value] = object;
  follow_later(object);
}

}  // namespace inquest::objects
