#include "objects/references/rows.h"

#include <algorithm>
#include <mutex>

#include "base/parallel.h"

namespace inquest::objects {

using heap::Block;

/// Makes the rows of one chunk of blocks.
class Rows::Maker {
 public:
  Maker(const std::vector<Block>& blocks, const WordScan& scan, BlockId first, BlockId end,
        uint32_t* ends, Chunk& chunk, Found& found)
      : blocks_(blocks),
        scan_(scan),
        first_(first),
        end_(end),
        ends_(ends),
        chunk_(chunk),
        found_(found),
        source_(first) {}

  void make() {
    // Blocks that lie together are read in one go, with what is between them: headers, free blocks.
    constexpr uint64_t kNear = 4096;
    for (BlockId i = first_; i < end_;) {
      if (!is_used(i)) {
        ++i;
        continue;
      }
      uint64_t begin = blocks_[i].begin, stop = begin + blocks_[i].size;
      uint64_t bytes = blocks_[i].size;
      for (++i; i < end_ && blocks_[i].begin <= stop + kNear; ++i) {
        if (!is_used(i)) continue;
        stop = blocks_[i].begin + blocks_[i].size;
        bytes += blocks_[i].size;
      }
      uint64_t there = scan_.scan({{begin}, {stop}}, [&](const Hit& hit) { take(hit); });
      found_.scanned += there;
      uint64_t absent = stop - begin - there;
      found_.missing += std::min(absent, bytes);
    }
    finish_rows(end_);
    chunk_.targets.shrink_to_fit();
    chunk_.doubtful.shrink_to_fit();
    found_.edges += chunk_.targets.size();
  }

 private:
  bool is_used(BlockId i) const { return blocks_[i].state() == heap::State::used; }

  void take(const Hit& hit) {
    BlockId source = source_;
    while (source < end_ && blocks_[source].begin + blocks_[source].size <= hit.at) ++source;
    if (source != source_) finish_rows(source);
    if (source == end_ || hit.block == source || !is_used(source)) return;
    const Block& block = blocks_[source];
    if (hit.at < block.begin || hit.at + scan_.word_size() > block.begin + block.size) return;
    if (hit.tag != 0) {
      ++found_.tagged;
      found_.tags |= hit.tag;
      if (found_.tagged_blocks.size() < kTaggedKept) found_.tagged_blocks.push_back(hit.block);
      return;
    }
    row_.push_back(hit.block << 1 | (hit.into == Into::middle ? 1u : 0u));
  }

  /// Writes the row of source_ and the empty ones of those before `next`.
  void finish_rows(BlockId next) {
    if (row_.size() > 1) std::ranges::sort(row_);
    BlockId last = kNoBlock;
    for (uint32_t entry : row_) {
      // A sure pointer sorts before a doubtful one to the same block.
      if (entry >> 1 == last) continue;
      last = entry >> 1;
      size_t at = chunk_.targets.size();
      chunk_.targets.push_back(last);
      if (at % 64 == 0) chunk_.doubtful.push_back(0);
      chunk_.doubtful.back() |= uint64_t{entry & 1} << (at % 64);
    }
    row_.clear();
    for (; source_ < next; ++source_) ends_[source_] = static_cast<uint32_t>(chunk_.targets.size());
  }

  const std::vector<Block>& blocks_;
  const WordScan& scan_;
  BlockId first_, end_;
  uint32_t* ends_;
  Chunk& chunk_;
  Found& found_;
  BlockId source_;             // rows of those before it are written
  std::vector<uint32_t> row_;  // target << 1 | doubtful
};

Rows Rows::find(const heap::Heaps& heaps, const WordScan& scan, Found& found) {
  Rows rows;
  auto count = static_cast<BlockId>(heaps.blocks.size());
  rows.ends_.resize(count);
  rows.chunks_.resize((count + kChunk - 1) / kChunk);
  std::mutex mutex;
  parallel_for(rows.chunks_.size(), [&](size_t i) {
    Found mine;
    auto first = static_cast<BlockId>(i * kChunk);
    Maker(heaps.blocks, scan, first, std::min(count - first, kChunk) + first, rows.ends_.data(),
          rows.chunks_[i], mine)
        .make();
    std::lock_guard lock(mutex);
    found.edges += mine.edges;
    found.scanned += mine.scanned;
    found.missing += mine.missing;
    found.tagged += mine.tagged;
    found.tags |= mine.tags;
    size_t room = kTaggedKept - std::min(kTaggedKept, found.tagged_blocks.size());
    size_t more = std::min(room, mine.tagged_blocks.size());
    found.tagged_blocks.insert(found.tagged_blocks.end(), mine.tagged_blocks.begin(),
                               mine.tagged_blocks.begin() + static_cast<ptrdiff_t>(more));
  });
  return rows;
}

uint64_t Rows::own_bytes() const {
  uint64_t bytes = ends_.capacity() * sizeof(uint32_t) + chunks_.capacity() * sizeof(Chunk);
  for (const Chunk& chunk : chunks_)
    bytes += chunk.targets.capacity() * sizeof(BlockId) + chunk.doubtful.capacity() * 8;
  return bytes;
}

}  // namespace inquest::objects
