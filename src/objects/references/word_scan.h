/// Memory -> the words in it that point to used blocks.
///
/// A tile of memory at a time: the filter leaves few words, their look-ups are made many at a time,
/// so that they wait for memory together. Borrows; safe from any thread.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>

#include "objects/references/block_index.h"
#include "objects/references/interior.h"
#include "objects/references/word_filter.h"

namespace inquest::objects {

/// A word that points to a used block.
struct Hit {
  uint64_t at;  ///< where the word lies
  BlockId block;
  Into into;
  uint64_t tag = 0;  ///< not 0: the word is no address, but would be without these top bits
};

class WordScan {
 public:
  WordScan(const snapshot::Snapshot& process, const heap::Heaps& heaps, const BlockIndex& index,
           const InteriorRules& rules, uint64_t pointer_mask);

  /// Calls sink(const Hit&) for the aligned words of `range`, ascending; returns how many of its
  /// bytes the dump holds. Words that straddle two pieces of memory are not seen.
  template <class Sink>
  uint64_t scan(AddressRange range, Sink&& sink) const;
  /// The same of one word that lies nowhere: a register.
  template <class Sink>
  void look_up(uint64_t word, Sink&& sink) const {
    take_word(0, word, index_.find(word & filter_.keep), sink);
  }

  unsigned word_size() const { return word_size_; }

 private:
  static constexpr size_t kTile = 4096;  ///< words: half of a first-level cache
  static constexpr size_t kTogether = 32;
  static constexpr uint64_t kAddressBits = (1ull << 48) - 1;

  template <class Sink>
  void scan_bytes(uint64_t at, Bytes bytes, Sink& sink) const;
  template <class Sink>
  void take_word(uint64_t at, uint64_t word, uint32_t block, Sink& sink) const;
  bool is_end_of_vector(Bytes words, size_t position, uint32_t block) const;
  uint64_t word_at(const std::byte* words, uint32_t position) const {
    if (word_size_ == 4) {
      uint32_t half;
      std::memcpy(&half, words + position * size_t{4}, 4);
      return half;
    }
    uint64_t word;
    std::memcpy(&word, words + position * size_t{8}, 8);
    return word;
  }

  const snapshot::Memory& memory_;
  const std::vector<heap::Block>& blocks_;
  const BlockIndex& index_;
  const InteriorRules& rules_;
  unsigned word_size_;
  bool find_tags_;
  WordFilter filter_;
  mutable std::atomic<int64_t> budget_;  // bytes still to be read
};

template <class Sink>
void WordScan::take_word(uint64_t at, uint64_t word, uint32_t block, Sink& sink) const {
  if (block == kNoBlock) return;
  const heap::Block& target = blocks_[block];
  if (target.state() != heap::State::used) return;
  uint64_t address = word & filter_.keep;
  uint64_t tag = find_tags_ ? word & ~kAddressBits : 0;
  if (address == target.begin) return sink(Hit{at, block, Into::begin, tag});
  if (tag == 0) sink(Hit{at, block, rules_.classify(target, address), 0});
}

template <class Sink>
void WordScan::scan_bytes(uint64_t at, Bytes bytes, Sink& sink) const {
  std::array<uint32_t, kTile> passed;
  size_t count = bytes.size() / word_size_;
  for (size_t done = 0; done < count; done += kTile) {
    const std::byte* words = bytes.data() + done * word_size_;
    size_t tile = std::min(count - done, kTile);
    size_t found = word_size_ == 8 ? filter_words_64(words, tile, filter_, passed.data())
                                   : filter_words_32(words, tile, filter_, passed.data());
    size_t near = 0;
    for (size_t i = 0; i < found; ++i) {
      passed[near] = passed[i];
      near += index_.is_near(word_at(words, passed[i]) & filter_.keep);
    }
    found = near;
    for (size_t i = 0; i < found; i += kTogether) {
      std::array<BlockIndex::Probe, kTogether> probes;
      size_t together = std::min(found - i, kTogether);
      for (size_t j = 0; j < together; ++j)
        probes[j] = index_.begin(word_at(words, passed[i + j]) & filter_.keep);
      for (size_t j = 0; j < together; ++j) index_.step(probes[j]);
      for (size_t j = 0; j < together; ++j) {
        uint64_t where = at + (done + passed[i + j]) * word_size_;
        uint32_t block = index_.finish(probes[j]);
        if (block != kNoBlock && is_end_of_vector(bytes, done + passed[i + j], block)) {
          if (blocks_[block].state() == heap::State::used) sink(Hit{where, block, Into::middle, 0});
          continue;
        }
        take_word(where, word_at(words, passed[i + j]), block, sink);
      }
    }
  }
}

template <class Sink>
uint64_t WordScan::scan(AddressRange range, Sink&& sink) const {
  uint64_t there = 0, mask = word_size_ - 1;
  uint64_t at = range.begin.value, end = range.end.value;
  const auto& pieces = memory_.pieces();
  auto piece = std::ranges::upper_bound(pieces, Address{at}, {}, &snapshot::Memory::Piece::begin);
  if (piece != pieces.begin()) --piece;
  while (at < end) {
    while (piece != pieces.end() && piece->end().value <= at) ++piece;
    uint64_t next = piece == pieces.end() ? end : std::clamp(piece->begin.value, at, end);
    if (at < next) {  // no piece: a live process may answer
      std::array<std::byte, kTile * 2> copy;
      uint64_t want = std::min<uint64_t>(copy.size() - (at & mask), next - at);
      size_t got = memory_.read({at}, std::span(copy).first(want));
      uint64_t skip = std::min<uint64_t>((mask + 1 - (at & mask)) & mask, got);
      scan_bytes(at + skip, std::span(copy).first(got).subspan(skip), sink);
      there += got;
      at = got == 0 ? next : at + got;
      continue;
    }
    uint64_t stop = std::min(end, piece->end().value);
    auto size = static_cast<int64_t>(stop - at);
    if (budget_.fetch_sub(size, std::memory_order_relaxed) < size) {
      budget_.fetch_add(size, std::memory_order_relaxed);
      at = stop;
      continue;
    }
    Bytes bytes = piece->bytes.subspan(at - piece->begin.value, stop - at);
    uint64_t skip = std::min<uint64_t>((mask + 1 - (at & mask)) & mask, bytes.size());
    scan_bytes(at + skip, bytes.subspan(skip), sink);
    there += bytes.size();
    at = stop;
  }
  return there;
}

}  // namespace inquest::objects
