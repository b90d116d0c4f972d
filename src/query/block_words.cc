#include "query/block_words.h"

#include <algorithm>
#include <cstring>

namespace inquest::query {

using objects::BlockId;

void BlockWords::start(BlockId holder, BlockId target) {
  const heap::Block& block = heaps_.blocks[holder];
  targets_ = references_.from(holder);
  if (target != objects::References::kNone) {
    auto found = std::ranges::equal_range(targets_, target);
    targets_ = {found.begin(), found.end()};
  }
  bytes_ = {};
  at_ = (block.begin + word_size_ - 1) / word_size_ * word_size_;
  end_ = targets_.empty() ? at_ : block.begin + block.size;
  if (targets_.empty()) return;
  const heap::Block& last = heaps_.blocks[targets_.back()];
  low_ = heaps_.blocks[targets_.front()].begin;
  high_ = last.begin + last.size;
}

void BlockWords::refill() {
  bytes_ = process_.memory.view({at_}, end_ - at_);
  if (bytes_.size() >= word_size_) return;
  auto next = process_.memory.next_held({at_ + word_size_});
  // A word that lies across two pieces is none: it is passed over.
  at_ = next ? std::min(end_, (next->value + word_size_ - 1) / word_size_ * word_size_) : end_;
  bytes_ = {};
}

bool BlockWords::next(Word& out) {
  while (at_ + word_size_ <= end_) {
    if (bytes_.size() < word_size_) {
      refill();
      continue;
    }
    uint64_t value = 0;
    std::memcpy(&value, bytes_.data(), word_size_);
    value &= ~mask_;
    out.at = {at_};
    at_ += word_size_;
    bytes_ = bytes_.subspan(word_size_);
    if (value >= low_ && value <= high_ && find_target(value, out)) return true;
  }
  return false;
}

bool BlockWords::find_target(uint64_t value, Word& out) const {
  auto after = std::ranges::upper_bound(
      targets_, value, {}, [&](BlockId id) { return uint64_t{heaps_.blocks[id].begin}; });
  if (after == targets_.begin()) return false;
  const heap::Block& block = heaps_.blocks[*(after - 1)];
  uint64_t offset = value - block.begin;
  if (offset != 0 && offset >= block.size) return false;
  out.value = {value};
  out.target = *(after - 1);
  return true;
}

}  // namespace inquest::query
