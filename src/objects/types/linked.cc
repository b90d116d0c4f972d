#include "objects/types/linked.h"

#include <bit>
#include <map>
#include <numeric>

#include "base/parallel.h"

namespace inquest::objects {
namespace {

constexpr uint8_t kLinkedPercent = 80;
constexpr size_t kLeastLinked = 3, kLeastConfirmed = 2;
constexpr size_t kMostFittingClasses = 8192;   // more tell nothing apart, and cost reading
constexpr size_t kMostWork = size_t{1} << 27;  // blocks times members looked at
constexpr size_t kSampled = 4096;              // blocks of a size that are asked for links
constexpr uint64_t kLargestLinked = 512;

class LinkedSearch {
 public:
  LinkedSearch(const TypingInput& input, TypeTable& types, const BlockIndex& index,
               const Propagation& propagation)
      : input_(input),
        types_(types),
        index_(index),
        propagation_(propagation),
        blocks_(input.heaps.blocks),
        view_(input.process.memory) {}

  /// What a block is taken for; 0: two classes fit.
  struct Taken {
    TypeIndex type = 0;
    size_t links = 0;
  };
  std::map<BlockId, Taken> find() {
    gather();
    const std::vector<TypeIndex> types = candidates();
    // All or none: a class that was not looked at may fit as well.
    if (work_for(types) > kMostWork) return {};
    std::map<uint64_t, std::vector<size_t>> of_size;  // places in `types`
    for (size_t i = 0; i < types.size(); ++i) of_size[types_.size(types[i])].push_back(i);
    const std::vector<std::pair<uint64_t, std::vector<size_t>>> sizes(of_size.begin(),
                                                                      of_size.end());
    std::vector<std::vector<Judged>> judged(types.size());
    parallel_for(sizes.size(), [&](size_t n) {
      const std::vector<BlockId> ids = blocks_for(sizes[n].first);
      for (size_t i : sizes[n].second) judged[i] = judge(types[i], ids);
    });
    for (size_t i = 0; i < types.size(); ++i) {
      for (const Judged& one : judged[i]) take(one.block, {types[i], one.links});
    }
    return std::move(claimed_);
  }

 private:
  using Offsets = std::vector<bool>;  // by word
  struct Class {
    const symbols::TypeReader* reader;
    symbols::TypeId id;
  };
  struct Judged {
    BlockId block = 0;
    size_t links = 0;
  };
  struct Group {
    size_t blocks = 0, links = 0;  // links: pointers to its own kind that lead into it
    uint64_t confirmed = 0;        // a bit for each of the first 64 members
    bool is_bad = false;
  };

  static uint64_t word(Bytes bytes, uint64_t at) {
    uint64_t value;
    std::memcpy(&value, bytes.data() + at, 8);
    return value;
  }
  bool is_unknown(BlockId id) const {
    return blocks_[id].state() == heap::State::used && propagation_.strength(id) <= Strength::shape;
  }
  void gather();
  Offsets links_of(const std::vector<BlockId>& ids);
  std::vector<Class> classes() const;
  std::vector<TypeIndex> candidates();
  bool may_link(TypeIndex type);
  std::vector<BlockId> blocks_for(uint64_t size) const;
  size_t work_for(const std::vector<TypeIndex>& types);
  std::vector<Judged> judge(TypeIndex type, const std::vector<BlockId>& ids) const;
  void take(BlockId block, Taken taken);
  bool is_possible(const PointerSlot& slot, uint64_t value, bool& is_confirmed) const;
  bool has_stray_pointer(Bytes bytes, const Layout& layout) const;

  const TypingInput& input_;
  TypeTable& types_;
  const BlockIndex& index_;
  const Propagation& propagation_;
  const std::vector<heap::Block>& blocks_;
  PieceView view_;
  std::map<uint64_t, std::vector<BlockId>> by_size_;
  std::map<uint64_t, Offsets> links_;  // by usable size, where there are any
  std::map<BlockId, Taken> claimed_;
};

void LinkedSearch::gather() {
  for (BlockId id = 0; id < blocks_.size(); ++id) {
    const uint64_t size = blocks_[id].size;
    if (size >= 16 && size <= kLargestLinked && is_unknown(id)) by_size_[size].push_back(id);
  }
  std::erase_if(by_size_, [](const auto& one) { return one.second.size() < kLeastLinked; });
}

/// Which words of these blocks lead to the begin of unknown blocks of their size.
LinkedSearch::Offsets LinkedSearch::links_of(const std::vector<BlockId>& ids) {
  Offsets links(kLargestLinked / 8);
  const size_t step = std::max<size_t>(1, ids.size() / kSampled);
  for (size_t i = 0; i < ids.size(); i += step) {
    const heap::Block& block = blocks_[ids[i]];
    const Bytes bytes = view_.at(block.begin, block.size);
    for (uint64_t at = 0; at + 8 <= bytes.size(); at += 8) {
      const uint64_t value = word(bytes, at);
      if (value - index_.low() >= index_.span() || links[at / 8]) continue;
      const uint32_t to = index_.find(value);
      if (to == kNoBlock || blocks_[to].begin != value || !is_unknown(to)) continue;
      if (fits_loosely(std::max<uint64_t>(blocks_[to].size, block.size),
                       std::min<uint64_t>(blocks_[to].size, block.size))) {
        links[at / 8] = true;
      }
    }
  }
  return links;
}

/// Whether it points to its own kind where blocks of its size do.
bool LinkedSearch::may_link(TypeIndex type) {
  const Layout& layout = types_.layout(type);
  if (layout.has_vptr) return false;  // its virtual table would have told it
  const uint64_t size = types_.size(type);
  for (auto at = links_.lower_bound(size); at != links_.end() && at->first <= size + 32; ++at) {
    const Offsets& links = at->second;
    auto is_link = [&](const PointerSlot& slot) {
      return slot.target == type && slot.into == 0 && !slot.is_weak &&
             slot.offset / 8 < links.size() && links[slot.offset / 8];
    };
    if (fits_loosely(at->first, size) && std::ranges::any_of(layout.slots, is_link)) return true;
  }
  return false;
}

/// The classes whose objects would be given the blocks that are linked; none at all where they are
/// too many. In the order in which debug information has them: units are read whole, once.
std::vector<LinkedSearch::Class> LinkedSearch::classes() const {
  std::vector<bool> sizes(kLargestLinked + 1);
  for (const auto& [usable, links] : links_) {
    for (uint64_t size = usable > 40 ? usable - 32 : 8; size <= usable; ++size) {
      if (fits_loosely(usable, size)) sizes[size] = true;
    }
  }
  std::vector<Class> out;
  for (const ModuleTypes& module : input_.modules) {
    if (!module.types) continue;
    const size_t before = out.size();
    for (uint64_t size = 0; size < sizes.size() && out.size() <= kMostFittingClasses; ++size) {
      if (!sizes[size]) continue;
      for (symbols::TypeId id : module.types->classes_of_size(size)) {
        out.push_back({module.types, id});
      }
    }
    if (out.size() > kMostFittingClasses) return {};
    std::ranges::sort(out.begin() + static_cast<ptrdiff_t>(before), out.end(), {},
                      [](const Class& one) { return one.id.value; });
  }
  return out;
}

std::vector<TypeIndex> LinkedSearch::candidates() {
  for (const auto& [usable, ids] : by_size_) {
    Offsets links = links_of(ids);
    if (std::ranges::find(links, true) != links.end()) links_[usable] = std::move(links);
  }
  std::vector<TypeIndex> out;
  for (const Class& one : classes()) {
    const TypeIndex type = types_.index_of(one.reader, one.id);
    if (type != 0 && may_link(type)) out.push_back(type);
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<BlockId> LinkedSearch::blocks_for(uint64_t size) const {
  std::vector<BlockId> out;
  for (auto at = by_size_.lower_bound(size); at != by_size_.end() && at->first <= size + 32; ++at) {
    if (fits_loosely(at->first, size)) out.insert(out.end(), at->second.begin(), at->second.end());
  }
  std::ranges::sort(out);
  return out;
}

/// Whether a member may hold that word. Confirmed: it leads to the begin of a block that can be or
/// is what the member says.
bool LinkedSearch::is_possible(const PointerSlot& slot, uint64_t value, bool& is_confirmed) const {
  if (value == 0) return true;
  const uint32_t to = index_.find(value - slot.into);
  if (to == kNoBlock) return input_.process.memory.has({value});
  if (blocks_[to].state() != heap::State::used) return false;
  if (slot.target == 0) return true;
  if (blocks_[to].begin != value - slot.into)
    return slot.is_weak || types_.made(slot.target).is_scalar;
  const TypeIndex held = propagation_.blocks()[to].type;
  const bool is_known = held != 0 && propagation_.strength(to) > Strength::text;
  if (is_known && held != slot.target && !slot.is_weak) return false;
  if (blocks_[to].size < types_.size(slot.target)) return false;
  is_confirmed = true;
  return true;
}

/// Whether a word that is no member that points is the address of a block.
bool LinkedSearch::has_stray_pointer(Bytes bytes, const Layout& layout) const {
  auto slot = layout.slots.begin();
  for (uint64_t at = 0; at + 8 <= bytes.size(); at += 8) {
    while (slot != layout.slots.end() && slot->offset < at) ++slot;
    if (slot != layout.slots.end() && slot->offset == at) continue;
    const uint64_t value = word(bytes, at);
    if (value - index_.low() >= index_.span()) continue;
    const uint32_t to = index_.find(value);
    if (to != kNoBlock && blocks_[to].begin == value) return true;
  }
  return false;
}

/// Where two classes fit, the one that makes half as many links again has it: the other calls them
/// numbers, or pointers to anything, and it would be chance that they all lead to its own kind.
void LinkedSearch::take(BlockId block, Taken taken) {
  auto [known, is_new] = claimed_.try_emplace(block, taken);
  Taken& old = known->second;
  if (is_new || old.type == taken.type || 2 * old.links >= 3 * taken.links) return;
  if (2 * taken.links < 3 * old.links) taken.type = 0;
  old = {taken.type, std::max(old.links, taken.links)};
}

/// Blocks times members. Makes the layouts that `judge` reads.
size_t LinkedSearch::work_for(const std::vector<TypeIndex>& types) {
  size_t work = 0;
  for (TypeIndex type : types) {
    const std::vector<PointerSlot> slots = types_.layout(type).slots;
    for (const PointerSlot& slot : slots) types_.layout(slot.target);
    const uint64_t size = types_.size(type);
    for (auto at = by_size_.lower_bound(size); at != by_size_.end() && at->first <= size + 32;
         ++at) {
      if (fits_loosely(at->first, size)) work += at->second.size() * (slots.size() + size / 8);
    }
    if (work > kMostWork) break;
  }
  return work;
}

std::vector<LinkedSearch::Judged> LinkedSearch::judge(TypeIndex type,
                                                      const std::vector<BlockId>& ids) const {
  const Layout& layout = types_.made(type);
  const uint64_t size = types_.size(type);
  PieceView view(input_.process.memory);
  std::vector<uint32_t> parents(ids.size());
  std::iota(parents.begin(), parents.end(), 0u);
  auto root_of = [&](uint32_t at) {
    while (parents[at] != at) at = parents[at] = parents[parents[at]];
    return at;
  };
  std::vector<Group> own(ids.size());
  for (uint32_t i = 0; i < ids.size(); ++i) {
    const Bytes bytes = view.at(blocks_[ids[i]].begin, size);
    own[i].is_bad = bytes.size() < size;
    for (size_t n = 0; n < layout.slots.size() && bytes.size() == size; ++n) {
      const PointerSlot& slot = layout.slots[n];
      if (slot.offset + 8 > size) break;
      const uint64_t value = word(bytes, slot.offset);
      bool is_confirmed = false;
      own[i].is_bad = own[i].is_bad || !is_possible(slot, value, is_confirmed);
      if (is_confirmed && n < 64) own[i].confirmed |= uint64_t{1} << n;
      const bool may_link = slot.target == type && slot.into == 0 && value != 0;
      if (!may_link || value - index_.low() >= index_.span()) continue;
      auto other = std::ranges::lower_bound(ids, index_.find(value));
      if (other != ids.end() && blocks_[*other].begin == value) {
        parents[root_of(i)] = root_of(static_cast<uint32_t>(other - ids.begin()));
        ++own[i].links;
      } else if (!slot.is_weak) {
        const uint32_t held = index_.find(value);
        own[i].is_bad |= held != kNoBlock && propagation_.blocks()[held].type != type;
      }
    }
    own[i].is_bad = own[i].is_bad || has_stray_pointer(bytes, layout);
  }
  std::vector<Group> groups(ids.size());
  for (uint32_t i = 0; i < ids.size(); ++i) {
    Group& group = groups[root_of(i)];
    ++group.blocks;
    group.links += own[i].links;
    group.confirmed |= own[i].confirmed;
    group.is_bad |= own[i].is_bad;
  }
  std::vector<Judged> out;
  for (uint32_t i = 0; i < ids.size(); ++i) {
    const Group& group = groups[root_of(i)];
    if (group.is_bad || group.blocks < kLeastLinked) continue;
    if (static_cast<size_t>(std::popcount(group.confirmed)) < kLeastConfirmed) continue;
    out.push_back({ids[i], group.links});
  }
  return out;
}

}  // namespace

void find_linked(const TypingInput& input, TypeTable& types, const BlockIndex& index,
                 Propagation& propagation) {
  if (snapshot::pointer_size(input.process.arch) != 8) return;
  const auto main = std::ranges::find_if(
      input.modules, [](const ModuleTypes& one) { return one.module && one.module->is_main; });
  if (main == input.modules.end() || !main->types) return;
  const auto program = static_cast<size_t>(main - input.modules.begin());
  for (const auto& [block, taken] : LinkedSearch(input, types, index, propagation).find()) {
    if (taken.type == 0 || types.types()[taken.type].module != program) continue;
    propagation.claim({.block = block,
                       .type = taken.type,
                       .strength = Strength::linked,
                       .percent = kLinkedPercent,
                       .how = How::likeness});
  }
}

}  // namespace inquest::objects
