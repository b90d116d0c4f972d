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
#include <tbb/parallel_for.h>
#include <vector>

#include "objects/references/block_index.h"
#include "objects/types/piece_view.h"
#include "objects/types/virtual_tables.h"

namespace inquest::objects {

/// A block is claimed to be of a type.
struct Claim {
  BlockId block = 0;
  TypeIndex type = 0;
  uint16_t strength = 0;
  uint8_t percent = 0;
  How how = How::unknown;
  bool is_array = false, behind_count = false;
  uint32_t limit = 0;  ///< bytes of it that are in use, in words of 8; 0: all
};

/// Strengths, so that claims can be compared: the order of How, refined by how well it fits.
struct Strength {
  static constexpr uint16_t likeness = 100, shape = 200, linked = 210, bytes = 300, weak = 350,
                            text = 400, local = 450, container = 500, holder = 600, rtti = 890,
                            table = 900;
};

/// Whether a block of `usable` bytes is what an allocator gives for `size`: the classes of jemalloc
/// and tcmalloc are up to a quarter apart, glibc's less than two words.
inline bool fits(uint64_t usable, uint64_t size) {
  return usable >= size && (usable <= size + 16 || usable <= 24 || usable - size <= size / 4);
}

/// glibc does not split off a rest that is smaller than its smallest block.
inline bool fits_loosely(uint64_t usable, uint64_t size) {
  return fits(usable, size) || (usable >= size && usable <= size + 32);
}

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
  /// An object or array whose words are read.
  struct Extent {
    uint64_t at = 0, bytes = 0;
    TypeIndex type = 0;
    /// What it says is at most so strong: locals may lie uninitialised, guesses may be wrong.
    uint16_t most = UINT16_MAX;
  };

  void weigh(const Claim& claim);
  void take(const Claim& claim, uint16_t strength);
  void prepare(TypeIndex type);
  void follow(const Extent& extent, std::vector<Claim>& out) const;
  void follow_object(Bytes object, const Extent& extent, std::vector<Claim>& out) const;
  void claim_target(const PointerSlot& slot, uint64_t value, uint64_t used_end, uint16_t most,
                    std::vector<Claim>& out) const;
  void claim_counted(const PointerSlot& slot, BlockId block, uint16_t most,
                     std::vector<Claim>& out) const;
  bool has_elements(const heap::Block& block, TypeIndex type, uint64_t count) const;
  bool is_alive(uint64_t at, TypeIndex type) const;
  uint64_t stride_of_tables(Bytes bytes, uint64_t count) const;
  void claim_by_table(BlockId block, Bytes bytes, std::vector<Claim>& out) const;
  template <class Each>
  void in_batches(size_t count, Each each);
  uint64_t word(Bytes bytes, uint64_t offset) const;
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
  std::vector<TypeConflict> conflicts_;
  uint64_t conflict_count_ = 0;
};

/// Calls each(i, view, claims) for all i on all cores and weighs the claims in the order of i.
template <class Each>
void Propagation::in_batches(size_t count, Each each) {
  constexpr size_t kBatch = 1 << 16, kChunk = 512;
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

}  // namespace inquest::objects
