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
  Follower follower(std::vector<Claim>& out) const;
  uint64_t stride_of_tables(Bytes bytes, uint64_t count) const;
  void claim_by_table(BlockId block, Bytes bytes, std::vector<Claim>& out) const;
  template <class Part>
  void in_batches(size_t count, Part part);
  void claim_as_text(BlockId block, PieceView& view, std::vector<Claim>& out) const;
  void weigh_all(const std::vector<Claim>& claims);
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
  std::vector<std::vector<Claim>> claims_;  // of the parts of a batch
  std::vector<TypeConflict> conflicts_;
  uint64_t conflict_count_ = 0;
};

/// Calls part(begin, end, claims) for parts of [0, count) on all cores and weighs the claims in the
/// order of the parts.
template <class Part>
void Propagation::in_batches(size_t count, Part part) {
  constexpr size_t kBatch = 1 << 16, kPart = 512;
  claims_.resize(kBatch / kPart);
  for (size_t done = 0; done < count; done += kBatch) {
    const size_t size = std::min(kBatch, count - done);
    const size_t parts = (size + kPart - 1) / kPart;
    auto do_part = [&](size_t i) {
      claims_[i].clear();
      part(done + i * kPart, done + std::min(size, (i + 1) * kPart), claims_[i]);
    };
    // Along a list there is one block at a time: not worth waking anybody.
    if (parts == 1) {
      do_part(0);
    } else {
      parallel_for(parts, do_part);
    }
    for (size_t i = 0; i < parts; ++i) weigh_all(claims_[i]);
  }
}

}  // namespace inquest::objects
