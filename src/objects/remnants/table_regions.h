/// Memory -> the words in it that point where virtual tables may lie: at the speed of memory.
///
/// Modules lie in few places (the program; its libraries): a filter for each of these leaves few
/// words, of which those count that point into memory of modules which is no code. Borrows; safe
/// from any thread.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "objects/references/word_filter.h"
#include "objects/types/piece_view.h"
#include "snapshot/snapshot.h"

namespace inquest::objects {

class TableRegions {
 public:
  explicit TableRegions(const snapshot::Snapshot& process);

  /// Calls take(address, word) for the aligned words of [begin, end) that the dump holds; in order
  /// of addresses within each piece of memory.
  template <class Take>
  void scan(uint64_t begin, uint64_t end, unsigned word_size, Take&& take) const;

 private:
  static constexpr size_t kTile = 4096;
  static constexpr uint64_t kStep = 1 << 20;

  bool can_hold_table(uint64_t word) const {
    auto after = std::ranges::upper_bound(regions_, Address{word}, {}, &AddressRange::begin);
    return after != regions_.begin() && std::prev(after)->contains({word});
  }

  const snapshot::Snapshot& process_;
  std::vector<WordFilter> filters_;    // one for each place where modules lie
  std::vector<AddressRange> regions_;  // ascending
};

template <class Take>
void TableRegions::scan(uint64_t begin, uint64_t end, unsigned word_size, Take&& take) const {
  PieceView view(process_.memory);
  std::array<uint32_t, kTile> passed;
  std::vector<std::pair<uint32_t, uint64_t>> found;
  uint64_t at = (begin + word_size - 1) / word_size * word_size;
  while (at + word_size <= end) {
    const Bytes bytes = view.at(at, std::min(kStep, end - at));
    const size_t count = bytes.size() / word_size;
    if (count == 0) {
      auto held = process_.memory.next_held(Address{at + bytes.size()});
      if (!held || held->value <= at) return;
      at = (held->value + word_size - 1) / word_size * word_size;
      continue;
    }
    for (size_t done = 0; done < count; done += kTile) {
      const std::byte* words = bytes.data() + done * word_size;
      const size_t tile = std::min(count - done, kTile);
      found.clear();
      for (const WordFilter& filter : filters_) {
        const size_t n = word_size == 8 ? filter_words_64(words, tile, filter, passed.data())
                                        : filter_words_32(words, tile, filter, passed.data());
        for (size_t i = 0; i < n; ++i) {
          uint64_t word = 0;
          std::memcpy(&word, words + size_t{passed[i]} * word_size, word_size);
          if (word % word_size == 0 && can_hold_table(word)) found.emplace_back(passed[i], word);
        }
      }
      if (filters_.size() > 1) std::ranges::sort(found);
      for (const auto& [position, word] : found) take(at + (done + position) * word_size, word);
    }
    at += count * word_size;
  }
}

}  // namespace inquest::objects
