#include "objects/types/follow.h"

namespace inquest::objects {

using heap::Block;

namespace {

constexpr uint64_t kMostElements = 1 << 26;  // of one array, followed
constexpr uint64_t kElementsChecked = 16;

}  // namespace

Follower::Follower(const Known& known, Found& out)
    : known_(known),
      out_(out),
      word_size_(snapshot::pointer_size(known.input.process.arch)),
      objects_(known.input.process.memory),
      targets_(known.input.process.memory) {}

void Follower::follow(const Extent& extent) {
  const uint64_t size = known_.types.size(extent.type);
  if (size == 0 || known_.types.made(extent.type).slots.empty()) return;
  const uint64_t count = std::min(extent.bytes / size, kMostElements);
  for (uint64_t i = 0; i < count; ++i) {
    const Bytes object = objects_.at(extent.at + i * size, size);
    if (object.size() < size) break;
    follow_object(object, extent.at + i * size, extent);
  }
}

void Follower::follow_object(Bytes object, uint64_t at, const Extent& extent) {
  const std::vector<PointerSlot>& slots = known_.types.made(extent.type).slots;
  for (size_t i = 0; i < slots.size(); ++i) {
    const PointerSlot& slot = slots[i];
    if (slot.offset + word_size_ > object.size()) break;
    const uint64_t value = word(object, slot.offset);
    if (value == 0 || slot.target == 0) continue;
    Target target{.slot = &slot, .word = at + slot.offset, .value = value, .most = extent.most};
    target.object = at;
    target.holder = extent.holder;
    target.holder_type = extent.type;
    target.probe = known_.index.begin(value - slot.into);
    if (target.probe.block == kNoBlock && !may_be_inside(target)) continue;
    // Begin, end and perhaps the end of what is there: only what lies before the end is in use.
    if (i + 1 < slots.size() && slots[i + 1].target == slot.target &&
        slots[i + 1].offset == slot.offset + word_size_ &&
        slots[i + 1].offset + word_size_ <= object.size()) {
      target.used_end = word(object, slots[i + 1].offset);
      target.is_range = slots[i + 1].is_end;
    }
    waiting_[waiting_count_++] = target;
    if (waiting_count_ == waiting_.size()) claim_targets();
  }
}

void Follower::claim_targets() {
  const auto begin = waiting_.begin(), end = begin + static_cast<ptrdiff_t>(waiting_count_);
  std::for_each(begin, end, [&](Target& target) { known_.index.step(target.probe); });
  std::for_each(begin, end, [&](Target& target) {
    target.block = known_.index.finish(target.probe);
    if (target.block == kNoBlock) {
      if (may_be_inside(target)) add_interior(target);
      return;
    }
    __builtin_prefetch(&known_.blocks[target.block]);
    __builtin_prefetch(&known_.strengths[target.block]);
  });
  std::for_each(begin, end, [&](Target& target) {
    if (target.block != kNoBlock) claim_target(target);
  });
  waiting_count_ = 0;
}

/// An object with a virtual table that no constructor made, or that was destroyed, is none.
bool Follower::is_alive(uint64_t at, TypeIndex type) {
  if (!known_.types.made(type).has_vptr) return true;
  const Bytes bytes = targets_.at(at, word_size_);
  if (bytes.size() < word_size_) return false;
  const uint64_t table = word(bytes, 0);
  return known_.tables.can_be(table) &&
         (!known_.tables.is_prepared(table) || known_.tables.at(table));
}

/// Whether the elements behind the first look like what they would be: all their pointers are null
/// or lead to blocks or to memory, and some lead to blocks.
bool Follower::has_elements(const Block& block, TypeIndex type, uint64_t count) {
  const Layout& layout = known_.types.made(type);
  const uint64_t size = known_.types.size(type);
  if (layout.slots.empty()) return false;
  uint64_t good = 0;
  for (uint64_t i = 1; i < std::min(count, kElementsChecked); ++i) {
    if (layout.has_vptr && !is_alive(block.begin + i * size, type)) return false;
    const Bytes object = targets_.at(block.begin + i * size, size);
    if (object.size() < size) return false;
    for (const PointerSlot& slot : layout.slots) {
      if (slot.offset + word_size_ > size) break;
      const uint64_t value = word(object, slot.offset);
      if (value == 0 || slot.is_weak) continue;
      if (!known_.input.process.memory.has({value})) return false;
      const uint64_t offset = value - block.begin;
      if (offset < block.size) {
        // Into itself: to another element, or to what a pool keeps behind its header.
        if (slot.target != type) continue;
        if (offset % size != slot.into) return false;
      }
      good += known_.index.find(value) != kNoBlock;
    }
  }
  return good > 0;
}

/// `new T[n]` of what has a destructor: the pointer leads behind n.
bool Follower::claim_counted(const Target& target) {
  const PointerSlot& slot = *target.slot;
  const BlockId id = target.block;
  const Block& block = known_.input.heaps.blocks[id];
  const uint64_t size = known_.types.size(slot.target);
  if (size == 0 || known_.types.made(slot.target).is_scalar || slot.is_weak) return false;
  const Bytes bytes = targets_.at(block.begin, word_size_);
  if (bytes.size() < word_size_) return false;
  const uint64_t count = word(bytes, 0);
  if (count == 0 || count > block.size / size) return false;
  if (!fits_loosely(block.size, word_size_ + count * size)) return false;
  Claim claim{.block = id, .type = slot.target, .percent = 95, .how = How::holder};
  claim.strength = std::min(target.most, Strength::holder);
  claim.is_array = claim.behind_count = true;
  claim.limit = static_cast<uint32_t>(std::min<uint64_t>(count * size / word_size_, UINT32_MAX));
  out_.claims.push_back(claim);
  return true;
}

bool Follower::may_be_inside(const Target& target) const {
  return known_.arenas && known_.arenas->find(target.value - target.slot->into);
}

/// Only of classes, and of arrays whose end is known: a `char*` or `int*` into the middle says
/// nothing. Ends of ranges lead to whatever comes next.
void Follower::add_interior(const Target& target) {
  const PointerSlot& slot = *target.slot;
  if (slot.is_weak || slot.is_end || target.most <= Strength::text) return;
  const uint64_t size = known_.types.size(slot.target);
  const Layout& layout = known_.types.made(slot.target);
  if (size == 0 || layout.is_bytes) return;
  const bool is_range = target.is_range && target.used_end > target.value &&
                        (target.used_end - target.value) % size == 0;
  if (layout.is_scalar && !layout.is_pointer && !is_range) return;
  const uint64_t at = target.value - slot.into;
  if (at % word_size_ != 0 && !layout.slots.empty()) return;
  // Explained by what is known already: most are, and need no second look.
  if (target.block != kNoBlock) {
    const BlockType& known = known_.blocks[target.block];
    const uint64_t offset = at - known_.input.heaps.blocks[target.block].begin;
    if (tells(known, known_.strengths[target.block], offset, known_.types.size(known.type))) return;
  }
  out_.interiors.push_back({.at = at,
                            .word = target.word,
                            .end = is_range ? target.used_end : 0,
                            .type = slot.target,
                            .holder = target.holder,
                            .holder_type = target.holder_type,
                            .is_certain = target.most >= Strength::interior,
                            .is_link = slot.is_link});
}

/// Most links lead back to where others led before: what they say of the block would change
/// nothing, and is not worth the look at its memory. (Whatever the address is: all that is said of
/// a block that is one object of this type, known as well, is weaker.)
bool Follower::is_settled(const Target& target) const {
  const PointerSlot& slot = *target.slot;
  const BlockId id = target.block;
  const BlockType& known = known_.blocks[id];
  return slot.is_link && known.type == slot.target && !known.is_array &&
         known_.strengths[id] >= Strength::container;
}

void Follower::claim_target(const Target& target) {
  if (is_settled(target)) return;
  const PointerSlot& slot = *target.slot;
  const BlockId id = target.block;
  const uint64_t value = target.value, used_end = target.used_end, address = value - slot.into;
  const Block& block = known_.input.heaps.blocks[id];
  if (block.state() != heap::State::used) return;
  if (address != block.begin) {
    // The cookie is as large as the alignment asks for: a word for all but over-aligned types.
    if (address == block.begin + word_size_ && !slot.is_link && claim_counted(target)) return;
    if (known_.arenas) add_interior(target);
    return;
  }
  const Layout& layout = known_.types.made(slot.target);
  const uint64_t size = known_.types.size(slot.target);
  if (block.size < size || !is_alive(address, slot.target)) return;

  Claim claim{.block = id, .type = slot.target, .percent = 95};
  claim.how = slot.is_link ? How::container : How::holder;
  claim.strength = slot.is_link ? Strength::container : Strength::holder;
  const bool is_vector = used_end > value && used_end <= block.begin + block.size && size != 0 &&
                         (used_end - value) % size == 0;
  const bool is_single =
      slot.is_link || layout.has_vptr ? fits_loosely(block.size, size) : fits(block.size, size);
  if (layout.is_bytes) {
    claim.percent = 60;
    claim.strength = Strength::bytes;
    claim.is_array = block.size > 1;
  } else if (layout.is_scalar) {
    claim.percent = is_vector ? 95 : 85;
    claim.strength = static_cast<uint16_t>(claim.strength - (is_vector ? 0 : 10));
    claim.is_array = block.size >= 2 * size;
  } else if (size == 0) {
    claim.percent = 80;
    claim.strength -= 20;
  } else if (is_vector) {
    claim.is_array = block.size >= 2 * size;
  } else if (!is_single) {
    // Elements, or the beginning of something larger that this type does not tell.
    const uint64_t count = block.size / size;
    const bool elements = fits(block.size, count * size) && has_elements(block, slot.target, count);
    claim.is_array = elements;
    claim.percent = elements ? 80 : 55;
    claim.strength = static_cast<uint16_t>(claim.strength - (elements ? 30 : 110));
    const bool may_be_many = !elements && count >= 2 && !layout.has_vptr && !slot.is_link;
    if (may_be_many && known_.arenas && !slot.is_weak && known_.strengths[id] <= claim.strength)
      out_.loose.push_back({id, target.holder_type, target.word, target.object});
  }
  if (is_vector && claim.is_array) {
    claim.limit =
        static_cast<uint32_t>(std::min<uint64_t>((used_end - value) / word_size_, UINT32_MAX));
    if (claim.limit == 0) claim.limit = 1;
  }
  if (slot.is_weak) {
    if (!is_single && !is_vector) return;
    claim.strength = std::min(claim.strength, Strength::weak);
    claim.percent = std::min<uint8_t>(claim.percent, 75);
  }
  if (target.most != UINT16_MAX) {
    claim.strength = std::min(claim.strength, target.most);
    claim.percent = static_cast<uint8_t>(claim.percent * 9 / 10);
  }
  out_.claims.push_back(claim);
}

}  // namespace inquest::objects
