/// Pointers of living objects that lead to freed memory.
///
/// Only pointers whose type and place are sure count, and of those not what keeps an address on
/// purpose, or holds none at the moment: weak pointers, the value of an optional that has none,
/// what a vector has behind its end, the links of allocators.
#include <algorithm>
#include <array>
#include <set>

#include "base/parallel.h"
#include "objects/remnants/context.h"
#include "objects/types/claim.h"
#include "objects/types/follow.h"

namespace inquest::objects {
namespace {

using heap::Block;
using heap::State;

constexpr size_t kHoldersOfChunk = 4096, kMostDangling = 1 << 20;
constexpr uint64_t kMostElementsRead = 1 << 20;  // of one array
constexpr uint8_t kByPointer = 80, kByPointerIntoMerged = 60, kByLocal = 50, kConfirmedByTable = 93,
                  kContradicted = 50;

/// A word of a living object that leads to a block that is none.
struct Candidate {
  uint64_t to = 0;
  TypeIndex target = 0, holder = 0;
  uint32_t slot_offset = 0;
  DanglingPointer pointer = {};
};

/// What a vector (or who looks like one) says of the block that it holds.
struct BufferUse {
  BlockId block;
  uint64_t used;
  DanglingPointer by;
};
constexpr uint64_t kUseUnset = UINT64_MAX, kUseUnknown = UINT64_MAX - 1;

struct Dangling {
  std::vector<Candidate> candidates = {};
  std::vector<BufferUse> uses = {};
};

/// Names in front of the arguments of templates: what keeps addresses that may be stale.
bool keeps_stale(std::string_view type) {
  type = type.substr(0, type.find('<'));
  const size_t colon = type.rfind(':');
  if (colon != type.npos) type = type.substr(colon + 1);
  std::string name;
  for (char c : type) name += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  for (std::string_view part : {"weak", "optional", "variant", "expected", "_sp_counted", "any",
                                "function", "deque_iterator", "tcache", "malloc_", "qpointer"}) {
    if (name.find(part) == name.npos) continue;
    // "company" is no "any".
    if (part == "any" && name != "any") continue;
    if (part == "function" && name != "function" && name != "_function_base") continue;
    return true;
  }
  return false;
}

class DanglingSearch {
 public:
  DanglingSearch(RemnantContext& context, Remnants& out) : context_(context), out_(out) {
    for (const TypedPlace& place : context.input.places) locals_.insert(place.at.value);
    for (const heap::Allocator& allocator : context.input.heaps.allocators) {
      const auto& modules = context.input.process.modules;
      if (allocator.module < modules.size() && !modules[allocator.module].is_main)
        allocators_.insert(allocator.module);
    }
  }

  void find() {
    prepare();
    const size_t blocks = context_.input.heaps.blocks.size();
    const size_t places = context_.typing.places().size();
    std::vector<Dangling> found((blocks + kHoldersOfChunk - 1) / kHoldersOfChunk);
    parallel_for(found.size(), [&](size_t i) {
      PieceView view(context_.input.process.memory);
      const size_t end = std::min(blocks, (i + 1) * kHoldersOfChunk);
      for (size_t id = i * kHoldersOfChunk; id < end; ++id)
        read_block(static_cast<BlockId>(id), view, found[i]);
    });
    Dangling of_places;
    PieceView view(context_.input.process.memory);
    for (size_t i = 0; i < places; ++i) read_place(i, view, of_places);
    uses_.assign(blocks, kUseUnset);
    for (const Dangling& part : found) {
      for (const Candidate& one : part.candidates) holds_stale_.insert(one.pointer.block);
    }
    take_uses(of_places);
    for (const Dangling& part : found) take_uses(part);
    for (const Candidate& one : of_places.candidates) take(one);
    for (const Dangling& part : found) {
      for (const Candidate& one : part.candidates) take(one);
    }
    std::ranges::stable_sort(out_.all, {}, &Remnant::at);
  }

 private:
  /// Layouts are made by one thread, read by all.
  void prepare() {
    for (const TypeSum& sum : context_.typing.census()) context_.own_type(sum.type);
    of_typing_.resize(context_.typing.types().size());
    for (const TypeSum& sum : context_.typing.census())
      of_typing_[sum.type] = context_.own_type(sum.type);
    for (const TypedPlace& place : context_.typing.places()) {
      const TypeIndex type = context_.types.index_of(place.reader, place.type);
      if (type != 0) context_.types.layout(type);
      place_types_.push_back(type);
    }
  }

  void read_block(BlockId id, PieceView& view, Dangling& found) const {
    const Block& block = context_.block(id);
    if (block.state() != State::used) return;
    const BlockType type = context_.typing.of(id);
    const bool is_sure = type.how != How::unknown && type.how <= How::container;
    if (type.type == 0 || !is_sure || type.percent < 80) return;
    const TypeIndex own = of_typing_[type.type];
    if (own == 0) return;
    const uint64_t size = context_.types.size(own);
    if (size == 0 || context_.types.made(own).slots.empty()) return;
    uint64_t first = 0, count = 1;
    if (type.is_array) count = block.size / size;
    if (type.behind_count) {
      const Bytes bytes = view.at(block.begin, context_.word_size);
      if (bytes.size() < context_.word_size) return;
      first = context_.word_size;
      count = std::min(word_of(bytes, 0, context_.word_size), (block.size - first) / size);
    }
    for (uint64_t i = 0; i < std::min(count, kMostElementsRead); ++i) {
      const uint64_t offset = first + i * size;
      read_object(own, block.begin + offset, {.block = id, .offset = offset}, view, found);
    }
  }

  void read_place(size_t index, PieceView& view, Dangling& found) const {
    const TypedPlace& place = context_.typing.places()[index];
    const TypeIndex own = place_types_[index];
    if (own == 0) return;
    uint64_t size = context_.types.size(own), all = size;
    if (size == 0 || context_.types.made(own).slots.empty()) return;
    const symbols::Type type = place.reader->type(place.reader->resolve(place.type));
    if (type.kind == symbols::TypeKind::array) all = std::max(all, type.size);
    for (uint64_t i = 0; i < std::min(all / size, kMostElementsRead); ++i)
      read_object(own, place.at.value + i * size, {.place = index, .offset = i * size}, view,
                  found);
  }

  void read_object(TypeIndex type, uint64_t at, DanglingPointer where, PieceView& view,
                   Dangling& found) const {
    const std::vector<PointerSlot>& slots = context_.types.made(type).slots;
    const uint64_t size = context_.types.size(type);
    const Bytes bytes = view.at(at, size);
    if (bytes.size() < size) return;
    for (size_t i = 0; i < slots.size(); ++i) {
      const PointerSlot& slot = slots[i];
      if (slot.offset + context_.word_size > size) break;
      const uint64_t value = word_of(bytes, slot.offset, context_.word_size);
      if (value == 0 || slot.target == 0 || slot.is_weak) continue;
      const uint64_t to = value - slot.into;
      const uint32_t id = context_.index.find(to);
      if (id == kNoBlock) continue;
      const Block& block = context_.block(id);
      if (block.state() == State::used) {
        if (to == block.begin) add_use(slots, i, bytes, id, where, found);
        continue;
      }
      if (context_.types.made(slot.target).is_scalar || is_end(slots, i, bytes)) continue;
      if (found.candidates.size() >= kMostDangling) return;
      Candidate one{.to = to, .target = slot.target, .holder = type, .slot_offset = slot.offset};
      one.pointer = where;
      one.pointer.offset += slot.offset;
      found.candidates.push_back(one);
    }
  }

  bool follows(const std::vector<PointerSlot>& slots, size_t i) const {
    return i > 0 && slots[i - 1].target == slots[i].target &&
           slots[i - 1].offset + context_.word_size == slots[i].offset;
  }

  /// The end of a block that a vector fills may be the begin of the next.
  bool is_end(const std::vector<PointerSlot>& slots, size_t i, Bytes bytes) const {
    const uint64_t value = word_of(bytes, slots[i].offset, context_.word_size);
    for (size_t back = 0; back < 2 && follows(slots, i - back); ++back) {
      const uint64_t before = word_of(bytes, slots[i - back - 1].offset, context_.word_size);
      const uint32_t id = context_.index.find(before);
      if (id == kNoBlock) continue;
      const Block& block = context_.block(id);
      if (block.begin + block.size == value) return true;
    }
    return false;
  }

  /// Begin, end of what is used, end of the room: three pointers of one type.
  void add_use(const std::vector<PointerSlot>& slots, size_t i, Bytes bytes, BlockId id,
               DanglingPointer by, Dangling& found) const {
    if (i + 2 >= slots.size() || !follows(slots, i + 1) || !follows(slots, i + 2)) return;
    if (slots[i + 2].offset + context_.word_size > bytes.size()) return;
    const Block& block = context_.block(id);
    const uint64_t end = word_of(bytes, slots[i + 1].offset, context_.word_size);
    const uint64_t limit = word_of(bytes, slots[i + 2].offset, context_.word_size);
    if (end < block.begin || limit < end || limit > block.begin + block.size) return;
    by.offset += slots[i].offset;
    found.uses.push_back({id, end - block.begin, by});
  }

  void take_uses(const Dangling& found) {
    for (const auto& [block, used, by] : found.uses) {
      uint64_t& known = uses_[block];
      if (holds_stale_.contains(block)) vectors_.try_emplace(block, by);
      known = known == kUseUnset || known == used ? used : kUseUnknown;
    }
  }

  /// Whether the word is in use, as far as who holds the block says.
  bool is_in_use(const Candidate& one) const {
    if (one.pointer.place != SIZE_MAX) return true;
    const uint64_t used = uses_[one.pointer.block];
    const BlockType type = context_.typing.of(one.pointer.block);
    if (used == kUseUnknown) return false;
    if (used != kUseUnset) return one.pointer.offset < used;
    // A block of pointers, or an array, that nobody says the length of.
    return type.behind_count || (!type.is_array && !context_.types.made(one.holder).is_pointer);
  }

  /// Whether a class that the word lies in keeps stale addresses.
  bool is_excused(TypeIndex type, uint64_t offset) {
    auto [known, is_new] = excused_.try_emplace({type, offset});
    if (!is_new) return known->second;
    const TypeInfo& info = context_.types.types()[type];
    bool excused = keeps_stale(info.name) || allocators_.contains(info.module);
    for (const ClassParts::Part& part : context_.parts(type).parts) {
      if (excused) break;
      const TypeInfo& inner = context_.types.types()[part.type];
      const bool holds = offset >= part.offset && offset - part.offset < inner.size;
      excused = holds && keeps_stale(inner.name);
    }
    return known->second = excused;
  }

  void take(const Candidate& one) {
    if (!is_in_use(one) || is_excused(one.holder, one.slot_offset)) return;
    const TypeInfo& target = context_.types.types()[one.target];
    if (!target.reader || target.size == 0 || allocators_.contains(target.module) ||
        keeps_stale(target.name))
      return;
    const Block& block = context_.block(context_.index.find(one.to));
    if (one.to % context_.word_size != 0) return;
    if (target.size > block.begin + block.size - one.to) return;
    const bool is_local = one.pointer.place != SIZE_MAX &&
                          locals_.contains(context_.typing.places()[one.pointer.place].at.value);
    const bool is_exact = one.to == block.begin && block.state() != State::unused &&
                          fits_loosely(block.size, target.size);
    Remnant remnant{.at = {one.to},
                    .type = one.target,
                    .size = target.size,
                    .container = block.range(),
                    .how = How::holder,
                    .percent = is_exact ? kByPointer : kByPointerIntoMerged};
    if (is_local) remnant.percent = kByLocal;
    remnant.pointer = one.pointer;
    remnant.pointers = 1;
    if (auto by = vectors_.find(one.pointer.block); by != vectors_.end())
      remnant.vector = by->second;
    merge(remnant);
  }

  void merge(const Remnant& remnant) {
    if (known_.empty()) {
      for (size_t i = 0; i < out_.all.size(); ++i) known_.emplace(out_.all[i].at.value, i);
    }
    auto [known, is_new] = known_.try_emplace(remnant.at.value, out_.all.size());
    if (is_new) {
      if (out_.all.size() >= context_.options.most) {
        known_.erase(known);
        out_.is_cut = true;
        return;
      }
      out_.all.push_back(remnant);
      return;
    }
    Remnant& old = out_.all[known->second];
    if (!old.pointer) {
      old.pointer = remnant.pointer;
      old.vector = remnant.vector;
    }
    ++old.pointers;
    const bool is_by_table = old.how == How::virtual_table || old.how == How::rtti;
    if (old.type == remnant.type || context_.types.begins_with(old.type, remnant.type)) {
      old.percent = std::max(old.percent, is_by_table ? kConfirmedByTable : remnant.percent);
    } else if (context_.types.begins_with(remnant.type, old.type)) {
      old.type = remnant.type;
      old.size = remnant.size;
      old.percent = std::max(old.percent, is_by_table ? kConfirmedByTable : remnant.percent);
    } else {
      // Its memory was another object's in between, or it is.
      old.percent = std::min(old.percent, kContradicted);
    }
  }

  RemnantContext& context_;
  Remnants& out_;
  std::set<uint64_t> locals_;
  std::set<size_t> allocators_;  // modules
  std::vector<TypeIndex> of_typing_, place_types_;
  std::vector<uint64_t> uses_;
  std::map<std::pair<TypeIndex, uint64_t>, bool> excused_;
  std::map<uint64_t, size_t> known_;
  std::set<BlockId> holds_stale_;
  std::map<BlockId, DanglingPointer> vectors_;
};

}  // namespace

void find_dangling(RemnantContext& context, Remnants& out) { DanglingSearch(context, out).find(); }

}  // namespace inquest::objects
