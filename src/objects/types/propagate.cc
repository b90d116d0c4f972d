#include "objects/types/propagate.h"

#include <algorithm>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include "objects/types/piece_view.h"
#include "objects/types/text.h"

namespace inquest::objects {

using heap::Block;

namespace {

constexpr size_t kBatch = 1 << 16, kChunk = 512;
constexpr size_t kMostConflicts = 1000;
constexpr uint64_t kMostElements = 1 << 26;  // of one array, followed
constexpr uint64_t kElementsChecked = 16;
constexpr uint64_t kVirtualBasesWithin = 1 << 16;  // bytes from an object's begin

/// Whether a block of `usable` bytes is what an allocator gives for `size`: the classes of jemalloc
/// and tcmalloc are up to a quarter apart, glibc's less than two words.
bool fits(uint64_t usable, uint64_t size) {
  return usable >= size && (usable <= size + 16 || usable <= 24 || usable - size <= size / 4);
}

/// glibc does not split off a rest that is smaller than its smallest block.
bool fits_loosely(uint64_t usable, uint64_t size) {
  return fits(usable, size) || (usable >= size && usable <= size + 32);
}

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

uint64_t Propagation::word(Bytes bytes, uint64_t offset) const {
  if (word_size_ == 4) {
    uint32_t half;
    std::memcpy(&half, bytes.data() + offset, 4);
    return half;
  }
  uint64_t all;
  std::memcpy(&all, bytes.data() + offset, 8);
  return all;
}

/// Calls each(i, view, claims) for all i on all cores and weighs the claims in the order of i.
template <class Each>
void Propagation::in_batches(size_t count, Each each) {
  std::vector<std::vector<Claim>> claims(kBatch / kChunk);
  for (size_t done = 0; done < count; done += kBatch) {
    const size_t size = std::min(kBatch, count - done);
    const size_t chunks = (size + kChunk - 1) / kChunk;
    tbb::parallel_for(size_t{0}, chunks, [&](size_t chunk) {
      claims[chunk].clear();
      PieceView view(input_.process.memory);
      const size_t end = std::min(size, (chunk + 1) * kChunk);
      for (size_t i = chunk * kChunk; i < end; ++i) each(done + i, view, claims[chunk]);
    });
    for (size_t chunk = 0; chunk < chunks; ++chunk) {
      for (const Claim& claim : claims[chunk]) weigh(claim);
    }
  }
}

void Propagation::seed_tables(VirtualTables& tables) {
  const std::vector<Block>& blocks = input_.heaps.blocks;
  const bool windows = input_.process.os == snapshot::Os::windows;
  // Which words there are, then what they are, then who has them.
  tbb::enumerable_thread_specific<std::vector<uint64_t>> found;
  tbb::parallel_for(size_t{0}, (blocks.size() + kChunk - 1) / kChunk, [&](size_t chunk) {
    std::vector<uint64_t>& words = found.local();
    PieceView view(input_.process.memory);
    uint64_t last = 0;
    const size_t end = std::min(blocks.size(), (chunk + 1) * kChunk);
    const size_t before = words.size();
    for (size_t i = chunk * kChunk; i < end; ++i) {
      if (blocks[i].state() != heap::State::used) continue;
      auto look = [&](uint64_t one) {
        if (one == last || !tables_.can_be(one)) return;
        last = one;
        words.push_back(one);
      };
      // Behind a count, too; with Microsoft's ABI wherever virtual bases lie.
      const uint64_t most = windows ? kVirtualBasesWithin : 2 * word_size_;
      const uint64_t size = std::min<uint64_t>(most, blocks[i].size);
      const Bytes bytes = view.at(blocks[i].begin, size);
      const TablePlaces places = tables_.places(bytes);
      for (size_t n = 0; n < places.count; ++n) look(word(bytes, places.at[n]));
      if (!windows && bytes.size() >= 2 * word_size_) look(word(bytes, word_size_));
    }
    auto begin = words.begin() + static_cast<ptrdiff_t>(before);
    std::sort(begin, words.end());
    words.erase(std::unique(begin, words.end()), words.end());
    if (words.size() > size_t{1} << 20) {
      std::sort(words.begin(), words.end());
      words.erase(std::unique(words.begin(), words.end()), words.end());
    }
  });
  std::vector<uint64_t> all;
  for (auto& words : found) {
    all.insert(all.end(), words.begin(), words.end());
    words = {};
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  for (uint64_t one : all) tables.prepare(one);
  for (uint64_t one : all) {
    if (const VirtualTable* table = tables_.at(one)) prepare(table->type);
  }
  in_batches(blocks.size(), [&](size_t i, PieceView& view, std::vector<Claim>& out) {
    if (blocks[i].state() != heap::State::used) return;
    claim_by_table(static_cast<BlockId>(i), view.at(blocks[i].begin, blocks[i].size), out);
  });
}

/// Bytes from one to the next of `count` objects behind a count, all with the first one's table; 0
/// when they are not.
uint64_t Propagation::stride_of_tables(Bytes bytes, uint64_t count) const {
  const uint64_t room = bytes.size() - word_size_;
  const uint64_t stride = room / count / word_size_ * word_size_;
  if (count < 2 || stride == 0) return 0;
  const uint64_t table = word(bytes, word_size_);
  for (uint64_t i = 1; i < std::min(count, kElementsChecked); ++i) {
    if (word(bytes, word_size_ + i * stride) != table) return 0;
  }
  return stride;
}

void Propagation::claim_by_table(BlockId id, Bytes bytes, std::vector<Claim>& out) const {
  const Block& block = input_.heaps.blocks[id];
  const TablePlaces places = tables_.places(bytes);
  for (size_t i = 0; i < places.count; ++i) {
    const VirtualTable* table = tables_.at(word(bytes, places.at[i]), places, i);
    if (!table) continue;
    const uint64_t size = types_.size(table->type);
    if (block.size < size) continue;
    Claim claim{.block = id, .type = table->type, .percent = table->percent, .how = table->how};
    claim.strength = table->how == How::rtti ? Strength::rtti : Strength::table;
    if (size != 0 && !fits_loosely(block.size, size)) {
      // Several, each with its table; or something larger, perhaps a leftover.
      const bool more = 2 * size <= bytes.size() && tables_.at(word(bytes, size));
      claim.is_array = more;
      claim.percent = more ? 90 : 60;
      if (!more) claim.strength = Strength::weak;
    }
    out.push_back(claim);
    return;
  }
  // `new T[n]` keeps n in front.
  if (bytes.size() < 2 * word_size_) return;
  const uint64_t count = word(bytes, 0);
  if (count == 0 || count > block.size / word_size_) return;
  const VirtualTable* table = tables_.at(word(bytes, word_size_));
  if (!table || table->offset != 0) return;
  uint64_t size = types_.size(table->type);
  // Where nothing says how large one is, each must have its table.
  if (size == 0) size = stride_of_tables(bytes, count);
  if (size == 0 || count > block.size / size) return;
  if (!fits_loosely(block.size, word_size_ + count * size)) return;
  Claim claim{.block = id, .type = table->type, .percent = 95, .how = table->how};
  claim.strength = table->how == How::rtti ? Strength::rtti : Strength::table;
  claim.is_array = claim.behind_count = true;
  out.push_back(claim);
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
  const bool refines = claim.strength >= Strength::container && strength < Strength::rtti &&
                       !old.is_array && types_.begins_with(claim.type, old.type);
  if (refines) return take(claim, strength);
  if (claim.strength < strength || types_.begins_with(old.type, claim.type)) return;
  ++conflict_count_;
  if (conflicts_.size() < kMostConflicts) {
    conflicts_.push_back({claim.block, old.type, claim.type, claim.how});
  }
}

Propagation::Extent Propagation::extent_of(BlockId id) const {
  const Block& block = input_.heaps.blocks[id];
  const BlockType& type = blocks_[id];
  Extent extent{.at = block.begin, .bytes = block.size, .type = type.type};
  extent.is_local = strengths_[id] <= Strength::local;
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
    claim_target(slot, value, used_end, extent.is_local, out);
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
void Propagation::claim_counted(const PointerSlot& slot, BlockId id, bool is_local,
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
  claim.strength = is_local ? Strength::local : Strength::holder;
  claim.is_array = claim.behind_count = true;
  claim.limit = static_cast<uint32_t>(std::min<uint64_t>(count * size / word_size_, UINT32_MAX));
  out.push_back(claim);
}

void Propagation::claim_target(const PointerSlot& slot, uint64_t value, uint64_t used_end,
                               bool is_local, std::vector<Claim>& out) const {
  const uint64_t address = value - slot.into;
  const uint32_t id = index_.find(address);
  if (id == kNoBlock) return;
  const Block& block = input_.heaps.blocks[id];
  if (block.state() != heap::State::used) return;
  if (address != block.begin) {
    // The cookie is as large as the alignment asks for: a word for all but over-aligned types.
    if (address == block.begin + word_size_ && !slot.is_link) {
      claim_counted(slot, id, is_local, out);
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
  if (is_local) {
    claim.strength = std::min(claim.strength, Strength::local);
    claim.percent = static_cast<uint8_t>(claim.percent * 9 / 10);
  }
  out.push_back(claim);
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
  std::vector<Claim> claims;
  follow({.at = place.at.value, .bytes = size, .type = type, .is_local = is_local}, claims);
  for (const Claim& claim : claims) weigh(claim);
}

void Propagation::run() {
  while (!waiting_.empty()) {
    std::vector<BlockId> round;
    round.swap(waiting_);
    for (BlockId id : round) waits_[id] = false;
    in_batches(round.size(), [&](size_t i, PieceView&, std::vector<Claim>& out) {
      follow(extent_of(round[i]), out);
    });
  }
}

void Propagation::find_text() {
  text_ = types_.named("text");
  wide_text_ = types_.named("UTF-16 text");
  in_batches(blocks_.size(), [&](size_t i, PieceView& view, std::vector<Claim>& out) {
    const Block& block = input_.heaps.blocks[i];
    if (block.state() != heap::State::used || strengths_[i] > Strength::bytes) return;
    const BlockText kind = block_text(view.at(block.begin, block.size));
    if (kind == BlockText::none) return;
    Claim claim{.block = static_cast<BlockId>(i)};
    claim.type = kind == BlockText::narrow ? text_ : wide_text_;
    claim.how = How::text;
    claim.strength = Strength::text;
    // Held as characters, it is sure.
    claim.percent = blocks_[i].type != 0 ? 98 : 90;
    out.push_back(claim);
  });
}

}  // namespace inquest::objects
