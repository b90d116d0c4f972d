/// What freed blocks still hold: by pointers to virtual tables, and by the pointers of a class.
#include <algorithm>

#include "objects/remnants/context.h"
#include "objects/types/claim.h"

namespace inquest::objects {
namespace {

using heap::Block;
using heap::State;

/// Links of the allocator: of glibc's lists two words, of others one.
constexpr uint64_t kOverwrittenWords = 2;
constexpr uint64_t kLargestCompared = 4096;
constexpr size_t kLeastConfirmed = 2;
constexpr uint8_t kAtBegin = 90, kInMiddle = 70, kByPart = 75, kByPartOfMany = 65, kByLikeness = 70,
                  kOrLarger = 60;

class FreedSearch {
 public:
  FreedSearch(RemnantContext& context, Remnants& out) : context_(context), out_(out) {}

  void find() {
    const std::vector<Block>& blocks = context_.input.heaps.blocks;
    std::vector<AddressRange> ranges;
    for (const Block& block : blocks) {
      if (block.state() != State::used) ranges.push_back(block.range());
    }
    const std::vector<TableWord> words = context_.table_words(ranges, out_.is_cut);
    auto word = words.begin();
    for (BlockId id = 0; id < blocks.size(); ++id) {
      if (blocks[id].state() == State::used) continue;
      auto first = word;
      while (word != words.end() && word->at < blocks[id].begin + blocks[id].size) ++word;
      const size_t before = out_.all.size();
      find_in(blocks[id], first, word);
      if (out_.all.size() == before) find_by_pointers(blocks[id]);
    }
  }

 private:
  using Words = std::vector<TableWord>::const_iterator;

  uint64_t overwritten(const Block& block) const {
    return block.begin + kOverwrittenWords * context_.word_size;
  }

  /// Objects whose tables are left, ascending; one that lies in another is a part of that.
  void find_in(const Block& block, Words first, Words last) {
    uint64_t covered = 0;
    for (; first != last; ++first) {
      const VirtualTable* table = context_.tables.at(first->word);
      if (!table || table->offset == kInVirtualBase) continue;
      if (first->at < covered || table->offset > first->at - block.begin) continue;
      Remnant one{.at = {first->at - table->offset}, .type = table->type};
      one.container = block.range();
      one.how = table->how;
      if (one.at.value < covered) continue;
      // A second table without the first: at the begin of a block the first was overwritten.
      if (table->offset != 0 && one.at != block.address()) continue;
      if (!weigh(block, one)) continue;
      covered = std::max(first->at + context_.word_size, one.at.value + one.size);
      out_.all.push_back(one);
    }
  }

  bool weigh(const Block& block, Remnant& one) {
    one.size = context_.types.size(one.type);
    const uint64_t room = block.begin + block.size - one.at.value;
    if (one.size > room) return false;
    const bool is_exact = one.at == block.address() && block.state() != State::unused &&
                          (one.size == 0 || fits_loosely(block.size, one.size));
    const uint8_t plausible = context_.plausibility(one.type, one.at.value, overwritten(block));
    if (plausible == 0) return false;
    one.percent = std::min(is_exact ? kAtBegin : kInMiddle, plausible);
    // Destructors leave the tables of the bases behind.
    if (!is_exact && block.state() != State::unused) enlarge(block, one);
    if (is_exact && has_larger(block, one.type)) one.percent = std::min(one.percent, kOrLarger);
    return true;
  }

  /// It may be what the destructor of a derived class left.
  bool has_larger(const Block& block, TypeIndex base) {
    return std::ranges::any_of(living(block.size),
                               [&](TypeIndex type) { return context_.has_part(type, 0, base); });
  }

  /// The class that has such a part there, and fits the block.
  void enlarge(const Block& block, Remnant& one) {
    const uint64_t offset = one.at - block.address();
    bool is_living = true;
    std::vector<TypeIndex> found;
    for (TypeIndex type : living(block.size)) {
      if (fits_loosely(block.size, context_.types.size(type)) &&
          context_.has_part(type, offset, one.type))
        found.push_back(type);
    }
    if (found.empty()) {
      is_living = false;
      found = described(block.size, offset, one.type);
    }
    if (found.size() != 1) return;
    if (context_.plausibility(found.front(), block.begin, overwritten(block)) == 0) return;
    one.at = block.address();
    one.type = found.front();
    one.size = context_.types.size(one.type);
    one.percent = is_living ? kByPart : kByPartOfMany;
  }

  const std::vector<TypeIndex>& living(uint64_t size) const {
    static const std::vector<TypeIndex> kNone;
    auto known = context_.living.find(size);
    return known == context_.living.end() ? kNone : known->second;
  }

  /// Classes of the program of whom nobody lives, with such a part.
  std::vector<TypeIndex> described(uint64_t block_size, uint64_t offset, TypeIndex part) {
    auto [known, is_new] = described_.try_emplace({block_size, {offset, part}});
    if (!is_new) return known->second;
    constexpr uint64_t kGranule = 16, kLeast = 24;
    const uint64_t least = block_size <= kLeast ? context_.word_size : block_size - kGranule + 1;
    for (const ModuleTypes& module : context_.input.modules) {
      if (!module.types) continue;
      for (uint64_t size = least; size <= block_size; ++size) {
        if (size % context_.word_size != 0 || size > kLargestCompared) continue;
        for (symbols::TypeId id : module.types->classes_of_size(size)) {
          const TypeIndex type = context_.types.index_of(module.types, id);
          if (type != 0 && context_.has_part(type, offset, part) &&
              std::ranges::find(known->second, type) == known->second.end())
            known->second.push_back(type);
        }
      }
    }
    return known->second;
  }

  /// Classes of living objects in blocks of this size, if the pointers that are left say so: two at
  /// least lead to the very types that the class has there, and nothing contradicts.
  void find_by_pointers(const Block& block) {
    if (block.state() == State::unused || block.size > kLargestCompared) return;
    TypeIndex found = 0;
    for (TypeIndex type : living(block.size)) {
      if (!has_pointers(block, type)) continue;
      if (found != 0) return;
      found = type;
    }
    if (found == 0) return;
    out_.all.push_back({.at = block.address(),
                        .type = found,
                        .size = context_.types.size(found),
                        .container = block.range(),
                        .how = How::likeness,
                        .percent = kByLikeness});
  }

  bool has_pointers(const Block& block, TypeIndex type) {
    const uint64_t size = context_.types.size(type);
    if (!fits_loosely(block.size, size)) return false;
    const std::vector<PointerSlot>& slots = context_.types.made(type).slots;
    auto slot = slots.begin();
    size_t confirmed = 0;
    for (uint64_t offset = kOverwrittenWords * context_.word_size;
         offset + context_.word_size <= size; offset += context_.word_size) {
      while (slot != slots.end() && slot->offset < offset) ++slot;
      const uint64_t value = context_.word_at(block.begin + offset);
      const bool is_slot = slot != slots.end() && slot->offset == offset;
      if (value == 0 || (is_slot && slot->is_weak)) continue;
      const uint64_t address = value - (is_slot ? slot->into : 0);
      const uint32_t to = context_.index.find(address);
      const bool leads = to != kNoBlock && context_.block(to).begin == address;
      if (!is_slot) {
        if (leads && context_.block(to).state() == State::used) return false;
        continue;
      }
      if (!leads) {
        if (!context_.input.process.memory.has({value})) return false;
        continue;
      }
      if (context_.block(to).state() != State::used) continue;
      const TypeIndex target = context_.own_type(context_.typing.of(to).type);
      if (slot->target == 0 || target == 0) continue;
      if (target != slot->target && !context_.types.begins_with(target, slot->target)) return false;
      if (!context_.types.made(target).is_scalar) ++confirmed;
    }
    return confirmed >= kLeastConfirmed;
  }

  RemnantContext& context_;
  Remnants& out_;
  std::map<std::pair<uint64_t, std::pair<uint64_t, TypeIndex>>, std::vector<TypeIndex>> described_;
};

}  // namespace

void find_freed(RemnantContext& context, Remnants& out) { FreedSearch(context, out).find(); }

}  // namespace inquest::objects
