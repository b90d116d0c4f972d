#include "heap/pools/pools.h"

#include <algorithm>
#include <fmt/core.h>

namespace inquest::heap {
namespace {

constexpr uint64_t kMostPoolBlocks = uint64_t{1} << 27;  // of all pools together: 2 GiB of them
constexpr size_t kMostPoolArenas = (1 << 16) - 1;
constexpr size_t kMostPoolFaults = 1000;
constexpr uint64_t kTopAddress = (uint64_t{1} << 48) - 1;  // Block::begin has 48 bits

/// What a C++ compiler may call the variable that the user calls so (Itanium ABI 5.1): as it
/// stands, static, in a namespace, in an unnamed one.
std::vector<std::string> linkage_names(std::string_view name) {
  std::vector<std::string> names{std::string(name)};
  std::string nested;
  size_t parts = 0;
  for (std::string_view rest = name; !rest.empty(); ++parts) {
    size_t end = std::min(rest.find("::"), rest.size());
    std::string_view part = rest.substr(0, end);
    nested +=
        part == "(anonymous namespace)" ? "12_GLOBAL__N_1" : fmt::format("{}{}", part.size(), part);
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  if (parts == 1) {
    names.push_back("_ZL" + nested);
    names.push_back("_ZN12_GLOBAL__N_1" + nested + "E");
  } else {
    names.push_back("_ZN" + nested + "E");
    names.push_back("_ZN12_GLOBAL__N_1" + nested + "E");
    // A static variable of a namespace: the L stands before the last name.
    size_t last = name.rfind("::") + 2;
    std::string tail = fmt::format("{}{}", name.size() - last, name.substr(last));
    names.push_back("_ZN" + nested.substr(0, nested.size() - tail.size()) + "L" + tail + "E");
  }
  return names;
}

class PoolReader {
 public:
  PoolReader(const Input& input, const std::string& file, Heaps& heaps)
      : input_(input),
        file_(file),
        heaps_(heaps),
        word_(snapshot::pointer_size(input.process.arch)) {}

  void add(const PoolDescription& pool) {
    pool_ = &pool;
    auto begin = address_of(pool.at), end = end_of(begin);
    if (!begin || !end) return;
    if (*end <= *begin || *end > kTopAddress || *end - *begin < pool.size) {
      return warn(
          fmt::format("{:#x} to {:#x} holds no block of {} bytes", *begin, *end, pool.size));
    }
    // The last block needs no room behind it.
    uint64_t count = (*end - *begin - pool.size) / pool.stride + 1;
    if (count > kMostPoolBlocks - made_) return warn("it has more blocks than can be listed");
    if (heaps_.arenas.size() >= kMostPoolArenas) return warn("there are too many arenas");
    AddressRange range{{*begin}, {*begin + (count - 1) * pool.stride + pool.size}};
    if (!input_.process.memory.has(range.begin) || !input_.process.memory.has(range.end - 1))
      return warn(fmt::format("the memory at {:#x} is not in the dump", *begin));
    for (const AddressRange& other : ranges_) {
      if (range.begin < other.end && other.begin < range.end)
        return warn("it overlaps a pool that was described before it");
    }
    if (fits_outer_block(range)) take(range, count);
  }

  /// After the last pool.
  void finish() {
    if (ranges_.empty()) return;
    clip_outer_blocks();
    auto begins_before = [](const Block& a, const Block& b) { return a.begin < b.begin; };
    std::sort(blocks_.begin(), blocks_.end(), begins_before);
    auto middle = static_cast<ptrdiff_t>(heaps_.blocks.size());
    heaps_.blocks.insert(heaps_.blocks.end(), blocks_.begin(), blocks_.end());
    std::inplace_merge(heaps_.blocks.begin(), heaps_.blocks.begin() + middle, heaps_.blocks.end(),
                       begins_before);
    for (Fault& fault : faults_) heaps_.faults.push_back(std::move(fault));
    std::stable_sort(heaps_.faults.begin(), heaps_.faults.end(),
                     [](const Fault& a, const Fault& b) { return a.at < b.at; });
  }

 private:
  void warn(std::string what) {
    heaps_.warnings.push_back({fmt::format("{}:{}: pool {} was left out: {}", file_, pool_->line,
                                           pool_->name, std::move(what)),
                               "docs/pools.md says how pools are described"});
  }

  std::optional<uint64_t> symbol_address(const std::string& symbol) {
    if (input_.find_symbol) {
      for (const std::string& name : linkage_names(symbol)) {
        if (auto at = input_.find_symbol(name)) return at->value;
      }
    }
    warn(fmt::format("no module has a symbol {}", symbol));
    return {};
  }

  std::optional<uint64_t> address_of(const Place& place) {
    uint64_t at = place.offset;
    if (!place.symbol.empty()) {
      auto base = symbol_address(place.symbol);
      if (!base) return {};
      at += *base;
    }
    if (!place.is_pointer_there) return at;
    auto pointer = input_.process.memory.read_pointer({at}, word_);
    if (!pointer)
      warn(fmt::format("{} cannot be read: {:#x} is not in the dump", place.text(), at));
    return pointer;
  }

  std::optional<uint64_t> end_of(std::optional<uint64_t> begin) {
    if (!begin) return {};
    if (*begin > kTopAddress) {
      warn(fmt::format("{:#x} is no address", *begin));
      return {};
    }
    if (pool_->end) return address_of(*pool_->end);
    uint64_t count = *pool_->count;
    if (count > kMostPoolBlocks || pool_->stride > kTopAddress / count) {
      warn("it is larger than all addresses");
      return {};
    }
    return *begin + (count - 1) * pool_->stride + pool_->size;
  }

  /// In none, or in one that is used.
  bool fits_outer_block(AddressRange range) {
    auto outer = first_outer(range);
    if (outer == heaps_.blocks.end() || outer->begin >= range.end.value) return true;
    if (outer->state() != State::used) {
      warn(fmt::format("it lies in a block that was given back, at {:#x}", uint64_t{outer->begin}));
    } else if (outer->begin > range.begin.value || outer->range().end < range.end) {
      warn(fmt::format("it reaches over the block of {} bytes at {:#x}", uint64_t{outer->size},
                       uint64_t{outer->begin}));
    } else {
      return true;
    }
    return false;
  }

  void take(AddressRange range, uint64_t count) {
    std::string what = pool_->type.empty() ? std::string("blocks") : pool_->type;
    heaps_.allocators.push_back({.name = pool_title(*pool_),
                                 .layout = fmt::format("{} of {} bytes, as {}:{} describes", what,
                                                       pool_->size, file_, pool_->line)});
    arena_ = heaps_.arenas.size();
    heaps_.arenas.push_back({.allocator = heaps_.allocators.size() - 1,
                             .name = pool_title(*pool_),
                             .segments = {range}});
    ranges_.push_back(range);
    first_ = blocks_.size();
    made_ += count;
    for (uint64_t i = 0; i < count; ++i) {
      Block block;
      block.begin = range.begin.value + i * pool_->stride;
      block.size = pool_->size;
      block.arena = arena_;
      block.set_state(State::used);
      blocks_.push_back(block);
    }
    if (pool_->free) mark_free();
  }

  void fault(uint64_t at, std::string what) {
    if (faults_.size() >= kMostPoolFaults) return;
    faults_.push_back({.at = {at}, .what = std::move(what), .arena = arena_});
  }

  /// The block of this pool that begins at `at`; null when none does.
  Block* block_at(uint64_t at) {
    uint64_t begin = blocks_[first_].begin;
    if (at < begin || (at - begin) % pool_->stride != 0) return nullptr;
    uint64_t index = (at - begin) / pool_->stride;
    return index < blocks_.size() - first_ ? &blocks_[first_ + index] : nullptr;
  }

  /// Links that were made by others, such as pointers to the link itself, are faults: nothing is
  /// guessed. Each step marks a block, so it ends.
  void mark_free() {
    Place head = *pool_->free;
    head.is_pointer_there = false;
    auto base = address_of(head);
    if (!base) return;
    uint64_t place = *base;
    if (pool_->free->is_pointer_there) {
      auto inner = input_.process.memory.read_pointer({place}, word_);
      if (!inner) return warn_list(place);
      place = *inner;
    }
    while (true) {
      auto next = input_.process.memory.read_pointer({place}, word_);
      if (!next) return warn_list(place);
      if (*next == 0) return;
      Block* block = block_at(*next);
      if (!block) {
        return fault(place,
                     fmt::format("the free list of the pool leads to {:#x}, where no block of "
                                 "it begins",
                                 *next));
      }
      if (block->state() == State::free) {
        return fault(place,
                     fmt::format("the free list of the pool leads to {:#x} a second time", *next));
      }
      block->set_state(State::free);
      place = *next + pool_->link;
    }
  }
  void warn_list(uint64_t at) {
    heaps_.warnings.push_back(
        {fmt::format("{}:{}: the free list of pool {} goes on at {:#x}, which is not in the dump",
                     file_, pool_->line, pool_->name, at)});
  }

  /// Of a block that pools lie in, what is before the first stays a block: pointers to the whole
  /// lead there. Nobody points to what is between and behind them, so it becomes memory of no
  /// block, whose pointers count as roots.
  void clip_outer_blocks() {
    std::sort(ranges_.begin(), ranges_.end());
    Block* last = nullptr;
    uint64_t last_end = 0;
    for (const AddressRange& range : ranges_) {
      auto outer = first_outer(range);
      if (last && range.begin.value < last_end) {
        loosen(*last, range.end.value, last_end);
      } else if (outer != heaps_.blocks.end() && outer->begin < range.end.value) {
        last = &*outer;
        last_end = outer->begin + outer->size;
        outer->size = range.begin.value - outer->begin;
        loosen(*outer, range.end.value, last_end);
      }
    }
    std::erase_if(heaps_.blocks, [](const Block& block) { return block.size == 0; });
  }

  /// Takes [from, to) out of the segments of the block's arena.
  void loosen(const Block& block, uint64_t from, uint64_t to) {
    if (from >= to) return;
    std::vector<AddressRange> rest;
    auto& segments = heaps_.arenas[block.arena].segments;
    for (const AddressRange& segment : segments) {
      AddressRange before{segment.begin, std::min(segment.end, Address{from})};
      AddressRange behind{std::max(segment.begin, Address{to}), segment.end};
      if (before.begin < before.end) rest.push_back(before);
      if (behind.begin < behind.end) rest.push_back(behind);
    }
    segments = std::move(rest);
  }

  std::vector<Block>::iterator first_outer(AddressRange range) {
    return std::partition_point(
        heaps_.blocks.begin(), heaps_.blocks.end(),
        [&](const Block& block) { return block.begin + block.size <= range.begin.value; });
  }

  const Input& input_;
  const std::string& file_;
  Heaps& heaps_;
  const unsigned word_;
  const PoolDescription* pool_ = nullptr;
  size_t arena_ = 0, first_ = 0;
  uint64_t made_ = 0;
  std::vector<AddressRange> ranges_;
  std::vector<Block> blocks_;
  std::vector<Fault> faults_;
};

}  // namespace

std::string pool_title(const PoolDescription& pool) { return "pool " + pool.name; }

void add_pools(const Input& input, std::span<const PoolDescription> pools, const std::string& file,
               Heaps& heaps) {
  PoolReader reader(input, file, heaps);
  for (const PoolDescription& pool : pools) reader.add(pool);
  reader.finish();
}

}  // namespace inquest::heap
