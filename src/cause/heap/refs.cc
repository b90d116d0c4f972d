#include "cause/heap/refs.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "cause/contents.h"
#include "cause/heap/owners.h"
#include "cause/places.h"
#include "objects/dominators.h"
#include "objects/references/word_filter.h"
#include "objects/referrers.h"

namespace inquest::cause {
namespace {

using answer::Ref;
using answer::RefPlace;
using heap::Block;
using objects::BlockId;
using objects::Node;

class RefsFinder {
 public:
  RefsFinder(const Process& process, const heap::Heaps& heaps,
             const objects::References& references, const RefsQuestion& question)
      : process_(process),
        heaps_(heaps),
        references_(references),
        question_(question),
        types_(question.types.type_of ? question.types : types_by_virtual_table(process)),
        places_(process, heaps, question.options.mappings_are_roots, types_),
        word_size_(snapshot::pointer_size(process.arch())) {}

  answer::Refs find() {
    refs_.dump = describe_dump(process_.snapshot());
    refs_.target = places_.of(question_.at);
    const Block* block = heaps_.block_at(question_.at);
    bool is_used = block && block->state() == heap::State::used;
    if (is_used) judge(*block);
    refs_.is_forward = question_.forward;
    if (question_.forward) {
      if (block) find_forward(id_of(*block));
    } else {
      find_words(target_range());
      if (is_used) find_paths(id_of(*block));
    }
    warn();
    return std::move(refs_);
  }

 private:
  BlockId id_of(const Block& block) const {
    return static_cast<BlockId>(&block - heaps_.blocks.data());
  }
  uint64_t without_tags(uint64_t word) const { return word & ~question_.options.pointer_mask; }

  /// All that counts as the thing: a block, a variable, or the one address.
  AddressRange target_range() const {
    const RefPlace& target = refs_.target;
    if (target.begin && target.size > 0) return {*target.begin, *target.begin + target.size};
    return {question_.at, question_.at + 1};
  }

  void judge(const Block& block) {
    constexpr std::string_view kReach[] = {"", "lost", "possible", "reachable"};
    BlockId id = id_of(block);
    refs_.reach = kReach[static_cast<size_t>(references_.reach(id))];
    RootOwners roots = find_owners(process_, references_.roots());
    owner_of_ = std::move(roots.owner_of);
    auto dominators =
        objects::Dominators::find(heaps_, references_, std::move(roots.owners), owner_of_);
    owners_ = dominators.owners();
    refs_.retained_bytes = dominators.retained_bytes(id);
    refs_.retained_blocks = dominators.retained_blocks(id);
    constexpr size_t kKeepers = 32;
    for (Node up = dominators.parent(id); refs_.keepers.size() < kKeepers;
         up = dominators.parent(up)) {
      if (objects::is_block(up)) {
        refs_.keepers.push_back(places_.of_block(heaps_.blocks[up]));
        continue;
      }
      if (!objects::is_owner(up)) return;
      const objects::RootOwner& owner = owners_[up - objects::kFirstOwner];
      refs_.keepers.push_back({.at = owner.at, .kind = "owner", .name = owner.name});
    }
  }

  // -- who points there

  void find_words(AddressRange range) {
    take_registers(range);
    const objects::WordFilter filter{~question_.options.pointer_mask, range.begin.value,
                                     range.size()};
    for (const auto& piece : process_.memory().pieces()) {
      uint64_t skip = (word_size_ - piece.begin.value % word_size_) % word_size_;
      if (skip < piece.bytes.size()) scan(piece.begin + skip, piece.bytes.subspan(skip), filter);
    }
    name_elements();
    std::set<BlockId> holders;
    for (const Ref& ref : refs_.refs) {
      if (ref.from.kind == "block") holders.insert(id_of(*heaps_.block_at(ref.from.at)));
    }
    if (question_.depth > 1) find_further(std::move(holders));
    auto rank = [](const Ref& ref) {
      return ref.from.kind == "block" || ref.from.kind == "freed block";
    };
    std::ranges::stable_sort(refs_.refs, [&](const Ref& a, const Ref& b) {
      return std::pair(a.level, rank(a)) < std::pair(b.level, rank(b));
    });
  }

  /// A word in a buffer is an element of the container that holds the buffer.
  void name_elements() {
    for (Ref& ref : refs_.refs) {
      if (!ref.from.type.ends_with("[]") || ref.from.member.empty()) continue;
      const Block* buffer = heaps_.block_at(ref.from.at);
      if (!buffer || buffer->state() != heap::State::used) continue;
      std::string container = container_of(id_of(*buffer));
      if (!container.empty()) ref.from.element_of = container + ref.from.member;
    }
  }
  std::string container_of(BlockId buffer) {
    size_t left = 8;  // one holds it as a rule
    for (BlockId source : referrers().to(buffer)) {
      if (left-- == 0) break;
      RefPlace place = word_between(source, buffer).first;
      if (place.member.empty() || place.type.ends_with("[]")) continue;
      return place.type + "::" + place.member;
    }
    return {};
  }

  void take_registers(AddressRange range) {
    for (const snapshot::Thread& thread : process_.snapshot().threads) {
      for (snapshot::Register n = 0; n < snapshot::Registers::kCapacity; ++n) {
        auto value = thread.registers.get(n);
        if (!value || !range.contains({without_tags(*value)})) continue;
        add(places_.of_registers(thread.id), {without_tags(*value)});
        break;
      }
    }
  }

  void scan(Address begin, Bytes bytes, const objects::WordFilter& filter) {
    constexpr size_t kTile = 4096;
    std::array<uint32_t, kTile> passed;
    size_t count = bytes.size() / word_size_;
    for (size_t done = 0; done < count; done += kTile) {
      const std::byte* words = bytes.data() + done * word_size_;
      size_t tile = std::min(count - done, kTile);
      size_t found = word_size_ == 8 ? objects::filter_words_64(words, tile, filter, passed.data())
                                     : objects::filter_words_32(words, tile, filter, passed.data());
      for (size_t i = 0; i < found; ++i) {
        uint64_t value = 0;
        std::memcpy(&value, words + passed[i] * word_size_, word_size_);
        take_word(begin + (done + passed[i]) * word_size_, {without_tags(value)});
      }
    }
  }

  void take_word(Address at, Address value) {
    // Of very many the first are named; naming takes time.
    if (refs_.refs.size() >= question_.limit) {
      const Block* block = heaps_.block_at(at);
      ++(block && block->state() != heap::State::used ? refs_.stale_refs : refs_.all_refs);
      return;
    }
    RefPlace from = places_.of_word(at);
    // A thing's pointers into itself do not keep it.
    if (from.begin && refs_.target.begin && *from.begin == *refs_.target.begin &&
        from.kind == refs_.target.kind)
      return;
    bool is_stale = from.kind == "unknown" || from.kind == "module" || from.kind == "freed block";
    if (is_stale && !(question_.freed && from.kind == "freed block")) {
      ++refs_.stale_refs;
      return;
    }
    add(std::move(from), value);
  }
  void add(RefPlace from, Address value) {
    ++refs_.all_refs;
    if (refs_.refs.size() < question_.limit)
      refs_.refs.push_back({.from = std::move(from), .value = value, .to = places_.of(value)});
  }

  const objects::Referrers& referrers() {
    if (!referrers_) referrers_ = objects::Referrers::find(heaps_.blocks.size(), references_);
    return *referrers_;
  }

  void find_further(std::set<BlockId> targets) {
    std::set<BlockId> seen = targets;
    for (uint64_t level = 2; level <= question_.depth && !targets.empty(); ++level) {
      std::set<BlockId> next;
      size_t left = question_.limit;
      for (BlockId target : targets) {
        for (BlockId source : referrers().to(target)) {
          if (left == 0) break;
          --left;
          add_edge(level, source, target);
          if (seen.insert(source).second) next.insert(source);
        }
        take_roots_of(level, target, left);
      }
      targets = std::move(next);
    }
  }
  void take_roots_of(uint64_t level, BlockId target, size_t& left) {
    for (const objects::Root& root : references_.roots()) {
      if (root.block != target || left == 0) continue;
      --left;
      RefPlace from = root.at.value == 0 ? places_.of_registers(root.thread) : places_.of(root.at);
      refs_.refs.push_back({.level = level,
                            .from = std::move(from),
                            .value = heaps_.blocks[target].address(),
                            .to = places_.of_block(heaps_.blocks[target])});
    }
  }
  void add_edge(uint64_t level, BlockId source, BlockId target) {
    auto [from, value] = word_between(source, target);
    refs_.refs.push_back(
        {.level = level, .from = std::move(from), .value = value, .to = places_.of(value)});
  }

  /// Calls take(offset, value) for the words of a block; stops when it says so.
  template <class Take>
  void each_word(const Block& block, Take&& take) const {
    for (uint64_t offset = 0; offset + word_size_ <= block.size;) {
      Bytes bytes = process_.memory().view(block.address() + offset, block.size - offset);
      if (bytes.size() < word_size_) return;
      size_t words = bytes.size() / word_size_;
      for (size_t i = 0; i < words; ++i) {
        uint64_t value = 0;
        std::memcpy(&value, bytes.data() + i * word_size_, word_size_);
        if (!take(offset + i * word_size_, Address{without_tags(value)})) return;
      }
      offset += words * word_size_;
    }
  }

  /// The word of one block that points to another: to its begin, if there is one.
  std::pair<RefPlace, Address> word_between(BlockId source, BlockId target) const {
    const Block &from = heaps_.blocks[source], &to = heaps_.blocks[target];
    std::optional<uint64_t> best;
    Address value = to.address();
    each_word(from, [&](uint64_t offset, Address word) {
      if (word == to.address()) {
        best = offset;
        value = word;
        return false;
      }
      if (!best && to.range().contains(word)) {
        best = offset;
        value = word;
      }
      return true;
    });
    return {places_.of_word(from, best.value_or(0)), value};
  }

  // -- what it points to

  void find_forward(BlockId start) {
    std::set<BlockId> level_blocks{start}, seen{start};
    for (uint64_t level = 1; level <= question_.depth && !level_blocks.empty(); ++level) {
      std::set<BlockId> next;
      size_t left = question_.limit;
      for (BlockId id : level_blocks) {
        each_word(heaps_.blocks[id], [&](uint64_t offset, Address value) {
          const Block* to = heaps_.block_at(value);
          bool is_block = to && to->state() != heap::State::unused && to != &heaps_.blocks[id];
          if (!is_block && !process_.snapshot().module_at(value)) return true;
          refs_.all_refs += level == 1;
          if (left == 0) return level == 1;
          --left;
          refs_.refs.push_back({.level = level,
                                .from = places_.of_word(heaps_.blocks[id], offset),
                                .value = value,
                                .to = places_.of(value)});
          if (is_block && to->state() == heap::State::used && seen.insert(id_of(*to)).second)
            next.insert(id_of(*to));
          return true;
        });
      }
      level_blocks = std::move(next);
    }
  }

  // -- how it is reached

  void find_paths(BlockId target) {
    for (const objects::RootPath& found :
         objects::shortest_paths(references_, referrers(), owner_of_, target, question_.paths)) {
      const objects::Root& root = references_.roots()[found.root];
      answer::RefPath path{.owner = owners_[owner_of_[found.root]].name};
      path.places.push_back(root.at.value == 0 ? places_.of_registers(root.thread)
                                               : places_.of(root.at));
      for (size_t i = 0; i + 1 < found.blocks.size(); ++i)
        path.places.push_back(word_between(found.blocks[i], found.blocks[i + 1]).first);
      path.places.push_back(places_.of_block(heaps_.blocks[target]));
      refs_.paths.push_back(std::move(path));
    }
  }

  void warn() {
    refs_.warnings = process_.snapshot().warnings;
    refs_.warnings.insert(refs_.warnings.end(), heaps_.warnings.begin(), heaps_.warnings.end());
    if (heaps_.blocks.empty())
      refs_.warnings.push_back({"no block of any allocator was found in the dump",
                                "take a complete dump: `inquest dump PID`"});
    if (refs_.target.kind == "unknown" && !process_.snapshot().region_at(question_.at))
      refs_.warnings.push_back({"nothing was mapped at this address when the dump was taken",
                                "addresses of another run differ: take it from this dump"});
  }

  const Process& process_;
  const heap::Heaps& heaps_;
  const objects::References& references_;
  const RefsQuestion& question_;
  const BlockTypes types_;
  const Places places_;
  unsigned word_size_;
  std::vector<uint32_t> owner_of_;
  std::vector<objects::RootOwner> owners_;
  std::optional<objects::Referrers> referrers_;
  answer::Refs refs_;
};

}  // namespace

answer::Refs describe_refs(const Process& process, const heap::Heaps& heaps,
                           const objects::References& references, const RefsQuestion& question) {
  return RefsFinder(process, heaps, references, question).find();
}

}  // namespace inquest::cause
