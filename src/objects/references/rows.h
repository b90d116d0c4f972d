/// The edges between used blocks, in compressed rows.
///
/// Blocks are taken 65,536 at a time; each such chunk has the targets of its blocks one after the
/// other, made by one thread and never moved again. Four bytes and a bit an edge, four bytes a
/// block. Safe to read from any thread.
#pragma once

#include <span>
#include <vector>

#include "objects/references/word_scan.h"

namespace inquest::objects {

class Rows {
 public:
  /// What making them found besides.
  struct Found {
    uint64_t edges = 0;
    uint64_t scanned = 0, missing = 0;        ///< bytes of used blocks
    uint64_t tagged = 0, tags = 0;            ///< words with tags, and all their tags
    std::vector<BlockId> tagged_blocks = {};  ///< of the first kTaggedKept words
  };
  static constexpr size_t kTaggedKept = 1 << 20;

  /// On all cores of the surrounding task arena.
  static Rows find(const heap::Heaps& heaps, const WordScan& scan, Found& found);

  std::span<const BlockId> from(BlockId block) const {
    const Chunk& chunk = chunks_[block / kChunk];
    uint32_t begin = block % kChunk == 0 ? 0 : ends_[block - 1];
    return {chunk.targets.data() + begin, ends_[block] - begin};
  }
  /// Of the i-th target of `block`: whether only a doubtful pointer into its middle is there.
  bool is_doubtful(BlockId block, size_t i) const {
    uint32_t at = (block % kChunk == 0 ? 0 : ends_[block - 1]) + static_cast<uint32_t>(i);
    return chunks_[block / kChunk].doubtful[at / 64] >> (at % 64) & 1;
  }
  /// Where the row lies, for prefetching: first its end, then its targets.
  const uint32_t* end_of(BlockId block) const { return &ends_[block]; }

  uint64_t own_bytes() const;

 private:
  static constexpr BlockId kChunk = 1 << 16;
  struct Chunk {
    std::vector<BlockId> targets = {};
    std::vector<uint64_t> doubtful = {};  ///< a bit a target
  };
  class Maker;

  std::vector<uint32_t> ends_;  ///< a block: past its last target, counted in its chunk
  std::vector<Chunk> chunks_;
};

}  // namespace inquest::objects
