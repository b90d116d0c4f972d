/// What a reader of an allocator adds to Heaps: blocks, and a bounded number of faults.
#pragma once

#include <string>
#include <vector>

#include "heap/heap.h"

namespace inquest::heap {

/// Appends to a Heaps for one allocator. Blocks come in ascending order within a run of calls
/// between `restart`s, so that every fault knows the sound blocks beside it.
class Collector {
 public:
  /// Borrowed; `heaps` must outlive it. Adds the allocator.
  Collector(Heaps& heaps, Allocator allocator)
      : heaps_(heaps),
        allocator_(heaps.allocators.size()),
        first_arena_(heaps.arenas.size()),
        first_fault_(heaps.faults.size()) {
    heaps.allocators.push_back(std::move(allocator));
  }

  Allocator& allocator() { return heaps_.allocators[allocator_]; }
  /// Index of a new arena; every one after the 65,535th goes into the last.
  size_t add_arena(Arena arena);
  Arena& arena(size_t index) { return heaps_.arenas[index]; }

  void add(uint64_t begin, uint64_t size, State state, size_t arena, bool mapped = false) {
    if (heaps_.blocks.size() - first_block_ >= kMaxBlocks) {
      not_listed_ += 1;
      return;
    }
    Block block{.begin = begin, .arena = arena, .size = size};
    block.set_state(state);
    block.mapped = mapped;
    heaps_.blocks.push_back(block);
    if (waiting_ != heaps_.faults.size()) settle(begin);
    last_ = begin;
  }
  size_t first_arena() const { return first_arena_; }  ///< whatever is added first

  /// The next block lies anywhere.
  void restart();
  /// At most 1,000 are kept of an allocator; of the rest there is a warning.
  void fault(uint64_t at, std::string what, size_t arena);
  /// One for every pointer of a page map's root, at these addresses, that points to no leaf.
  void fault_roots(const std::vector<uint64_t>& broken);
  void warn(std::string what, std::string advice = {});
  /// After the last block. What is faulty has an arena, if need be one made for it.
  void finish(std::string_view name);

 private:
  static constexpr size_t kMaxBlocks = size_t{1} << 27;  // 2 GiB of them

  void settle(uint64_t begin);

  Heaps& heaps_;
  size_t allocator_;
  size_t first_arena_;
  size_t first_fault_;
  size_t first_block_ = heaps_.blocks.size();
  uint64_t not_listed_ = 0;
  size_t waiting_ = first_fault_;  ///< faults from here on have no block after them yet
  uint64_t last_ = 0;
  uint64_t not_kept_ = 0;
};

/// Sorted, joined where they touch or overlap.
void join(std::vector<AddressRange>& ranges);

}  // namespace inquest::heap
