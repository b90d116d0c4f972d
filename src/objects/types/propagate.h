/// Following typed pointers from block to block.
///
/// Each claim on a block ("a pointer of type T leads to its begin") has a strength; a stronger one
/// takes the block and its own pointers are followed again, so strengths only grow and the work
/// ends. A claim that names an object which begins with what was claimed before (a node for its
/// base) refines it. The blocks that wait are looked at by all cores, a batch at a time; their
/// claims are then weighed by one thread, in order, so that the answer does not depend on the
/// number of threads.
#pragma once

#include <algorithm>
#include <unordered_set>
#include <vector>

#include "base/parallel.h"
#include "objects/types/follow.h"

namespace inquest::objects {

class Propagation {
 public:
  Propagation(const TypingInput& input, TypeTable& types, const VirtualTables& tables,
              const BlockIndex& index);

  /// Types the blocks that begin with a virtual table; they wait.
  void seed_tables(VirtualTables& tables);
  /// A typed place: its own words are followed at once. `strength` of what it leads to.
  void seed_place(const TypedPlace& place, bool is_local);
  /// Until nobody waits.
  void run();
  /// Objects that lie in no block's begin; what they lead to waits.
  void follow(const std::vector<Extent>& extents);
  /// From now on pointers that lead to no block's begin are collected; null: no longer. Borrowed.
  void collect_interiors(const Arenas* arenas) { arenas_ = arenas; }
  /// Those collected since the last call, in an order that does not depend on threads.
  std::vector<InteriorPointer> take_interiors();
  /// Pointers to blocks that are larger than what they name, ascending by
  /// block.
  std::vector<LoosePointer> take_loose();
  /// Objects lie in it: it is no text, whatever it begins with.
  void keep_from_text(BlockId block) { holds_objects_.insert(block); }
  /// Blocks that nothing claimed and that are text.
  void find_text();
  void claim(const Claim& claim) { weigh(claim); }

  const std::vector<BlockType>& blocks() const { return blocks_; }
  uint16_t strength(BlockId block) const { return strengths_[block]; }
  std::vector<BlockType> take() { return std::move(blocks_); }
  const std::vector<TypeConflict>& conflicts() const { return conflicts_; }
  uint64_t conflict_count() const { return conflict_count_; }
  uint64_t own_bytes() const;

 private:
  void weigh(const Claim& claim);
  void take(const Claim& claim, uint16_t strength);
  void prepare(TypeIndex type);
  Follower follower(Found& out) const;
  uint64_t stride_of_tables(Bytes bytes, uint64_t count) const;
  void claim_by_table(BlockId block, Bytes bytes, std::vector<Claim>& out) const;
  template <class Part>
  void in_batches(size_t count, Part part);
  void claim_as_text(BlockId block, PieceView& view, std::vector<Claim>& out) const;
  void weigh_all(const Found& found);
  void compact_interiors();
  void compact_loose();
  uint64_t word(Bytes bytes, uint64_t offset) const { return word_of(bytes, offset, word_size_); }
  Extent extent_of(BlockId block) const;

  const TypingInput& input_;
  TypeTable& types_;
  const VirtualTables& tables_;
  const BlockIndex& index_;
  unsigned word_size_;
  TypeIndex text_ = 0, wide_text_ = 0;
  std::vector<BlockType> blocks_;
  std::vector<uint16_t> strengths_;
  std::vector<uint32_t> limits_;  // of arrays: words in use; 0: all
  std::vector<bool> waits_, prepared_;
  std::vector<BlockId> waiting_;
  std::vector<Found> found_;  // of the parts of a batch
  const Arenas* arenas_ = nullptr;
  std::vector<InteriorPointer> interiors_;
  std::vector<LoosePointer> loose_;
  size_t loose_compact_at_ = 1 << 16;
  size_t interiors_compact_at_ = 1 << 16;
  std::unordered_set<BlockId> holds_objects_;
  std::vector<TypeConflict> conflicts_;
  uint64_t conflict_count_ = 0;
};

/// Calls part(begin, end, found) for parts of [0, count) on all cores and weighs the claims in the
/// order of the parts.
template <class Part>
void Propagation::in_batches(size_t count, Part part) {
  constexpr size_t kBatch = 1 << 16, kPart = 512;
  found_.resize(kBatch / kPart);
  for (size_t done = 0; done < count; done += kBatch) {
    const size_t size = std::min(kBatch, count - done);
    const size_t parts = (size + kPart - 1) / kPart;
    auto do_part = [&](size_t i) {
      found_[i].clear();
      part(done + i * kPart, done + std::min(size, (i + 1) * kPart), found_[i]);
    };
    // Along a list there is one block at a time: not worth waking anybody.
    if (parts == 1) {
      do_part(0);
    } else {
      parallel_for(parts, do_part);
    }
    for (size_t i = 0; i < parts; ++i) weigh_all(found_[i]);
  }
}

}  // namespace inquest::objects
