/// What the pointers of an object claim of the blocks that they lead to.
#include "objects/types/propagate.h"

namespace inquest::objects {

using heap::Block;

namespace {

constexpr uint64_t kMostElements = 1 << 26;  // of one array, followed
constexpr uint64_t kElementsChecked = 16;

}  // namespace

void Propagation::follow(const Extent& extent, std::vector<Claim>& out) const {
  const uint64_t size = types_.size(extent.type);
  if (size == 0 || types_.made(extent.type).slots.empty()) return;
  PieceView view(input_.process.memory);
  const uint64_t count = std::min(extent.bytes / size, kMostElements);
  for (uint64_t i = 0; i < count; ++i) {
    const Bytes object = view.at(extent.at + i * size, size);
    if (object.size() < size) break;
    follow_object(object, extent, out);
  }
}

void Propagation::follow_object(Bytes object, const Extent& extent, std::vector<Claim>& out) const {
  const std::vector<PointerSlot>& slots = types_.made(extent.type).slots;
  for (size_t i = 0; i < slots.size(); ++i) {
    const PointerSlot& slot = slots[i];
    if (slot.offset + word_size_ > object.size()) break;
    const uint64_t value = word(object, slot.offset);
    if (value == 0 || slot.target == 0) continue;
    // Begin, end and perhaps the end of what is there: only what lies before the end is in use.
    uint64_t used_end = 0;
    if (i + 1 < slots.size() && slots[i + 1].target == slot.target &&
        slots[i + 1].offset == slot.offset + word_size_ &&
        slots[i + 1].offset + word_size_ <= object.size()) {
      used_end = word(object, slots[i + 1].offset);
    }
    claim_target(slot, value, used_end, extent.most, out);
  }
}

/// An object with a virtual table that no constructor made, or that was destroyed, is none.
bool Propagation::is_alive(uint64_t at, TypeIndex type) const {
  if (!types_.made(type).has_vptr) return true;
  PieceView view(input_.process.memory);
  const Bytes bytes = view.at(at, word_size_);
  if (bytes.size() < word_size_) return false;
  const uint64_t table = word(bytes, 0);
  return tables_.can_be(table) && (!tables_.is_prepared(table) || tables_.at(table));
}

/// Whether the elements behind the first look like what they would be: all their pointers are null
/// or lead to blocks or to memory, and some lead to blocks.
bool Propagation::has_elements(const Block& block, TypeIndex type, uint64_t count) const {
  const Layout& layout = types_.made(type);
  const uint64_t size = types_.size(type);
  if (layout.slots.empty()) return false;
  PieceView view(input_.process.memory);
  uint64_t good = 0;
  for (uint64_t i = 1; i < std::min(count, kElementsChecked); ++i) {
    const Bytes object = view.at(block.begin + i * size, size);
    if (object.size() < size) return false;
    if (layout.has_vptr && !is_alive(block.begin + i * size, type)) return false;
    for (const PointerSlot& slot : layout.slots) {
      if (slot.offset + word_size_ > size) break;
      const uint64_t value = word(object, slot.offset);
      if (value == 0 || slot.is_weak) continue;
      if (!input_.process.memory.has({value})) return false;
      good += index_.find(value) != kNoBlock;
    }
  }
  return good > 0;
}

/// `new T[n]` of what has a destructor: the pointer leads behind n.
void Propagation::claim_counted(const PointerSlot& slot, BlockId id, uint16_t most,
                                std::vector<Claim>& out) const {
  const Block& block = input_.heaps.blocks[id];
  const uint64_t size = types_.size(slot.target);
  if (size == 0 || types_.made(slot.target).is_scalar || slot.is_weak) return;
  PieceView view(input_.process.memory);
  const Bytes bytes = view.at(block.begin, word_size_);
  if (bytes.size() < word_size_) return;
  const uint64_t count = word(bytes, 0);
  if (count == 0 || count > block.size / size) return;
  if (!fits_loosely(block.size, word_size_ + count * size)) return;
  Claim claim{.block = id, .type = slot.target, .percent = 95, .how = How::holder};
  claim.strength = std::min(most, Strength::holder);
  claim.is_array = claim.behind_count = true;
  claim.limit = static_cast<uint32_t>(std::min<uint64_t>(count * size / word_size_, UINT32_MAX));
  out.push_back(claim);
}

void Propagation::claim_target(const PointerSlot& slot, uint64_t value, uint64_t used_end,
                               uint16_t most, std::vector<Claim>& out) const {
  const uint64_t address = value - slot.into;
  const uint32_t id = index_.find(address);
  if (id == kNoBlock) return;
  const Block& block = input_.heaps.blocks[id];
  if (block.state() != heap::State::used) return;
  if (address != block.begin) {
    // The cookie is as large as the alignment asks for: a word for all but over-aligned types.
    if (address == block.begin + word_size_ && !slot.is_link) {
      claim_counted(slot, id, most, out);
    }
    return;
  }
  const Layout& layout = types_.made(slot.target);
  const uint64_t size = types_.size(slot.target);
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
  if (most != UINT16_MAX) {
    claim.strength = std::min(claim.strength, most);
    claim.percent = static_cast<uint8_t>(claim.percent * 9 / 10);
  }
  out.push_back(claim);
}

}  // namespace inquest::objects
