/// Finds the few words of memory that can be addresses of blocks: the loop that everything passes.
///
/// With AVX2 where the processor has it (asked at run time) at the speed of memory, else plain.
/// Pure functions; safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace inquest::objects {

/// A word w passes when (w & keep) - low < span.
struct WordFilter {
  uint64_t keep = UINT64_MAX;
  uint64_t low = 0, span = 0;

  bool passes(uint64_t word) const { return (word & keep) - low < span; }
};

/// Writes the positions (in words, ascending) of the little-endian words that pass; returns how
/// many. `out` has room for `count`. `words` needs no alignment.
size_t filter_words_64(const std::byte* words, size_t count, const WordFilter& filter,
                       uint32_t* out);
size_t filter_words_32(const std::byte* words, size_t count, const WordFilter& filter,
                       uint32_t* out);

/// What the two above choose from, for tests and measurements.
size_t filter_words_plain(const std::byte* words, size_t count, const WordFilter& filter,
                          uint32_t* out);
bool has_fast_filter();

}  // namespace inquest::objects
