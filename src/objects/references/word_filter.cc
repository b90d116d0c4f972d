#include "objects/references/word_filter.h"

#include "base/integers.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace inquest::objects {
namespace {

template <class Word>
size_t filter_plain(const std::byte* words, size_t count, const WordFilter& filter, uint32_t* out) {
  size_t found = 0;
  for (size_t i = 0; i < count; ++i) {
    Word word;
    std::memcpy(&word, words + i * sizeof word, sizeof word);
    // Written always, counted when it passes: no branch to mispredict.
    out[found] = static_cast<uint32_t>(i);
    found += filter.passes(word);
  }
  return found;
}

#if defined(__x86_64__)
/// Four words a compare, sixteen a branch. AVX2 compares signed numbers only, so both sides are
/// moved by 2^63.
[[gnu::target("avx2,bmi")]] size_t filter_avx2(const std::byte* words, size_t count,
                                               const WordFilter& filter, uint32_t* out) {
  const __m256i keep = _mm256_set1_epi64x(static_cast<long long>(filter.keep));
  const __m256i top = _mm256_set1_epi64x(INT64_MIN);
  // (w - low) + 2^63 = w - (low - 2^63)
  const __m256i low = _mm256_set1_epi64x(static_cast<long long>(filter.low ^ (1ull << 63)));
  const __m256i span =
      _mm256_xor_si256(_mm256_set1_epi64x(static_cast<long long>(filter.span)), top);
  size_t found = 0, i = 0;
  for (; i + 16 <= count; i += 16) {
    unsigned passed = 0;
    for (unsigned j = 0; j < 4; ++j) {
      auto* at = reinterpret_cast<const __m256i*>(words + (i + 4 * j) * 8);
      __m256i moved = _mm256_sub_epi64(_mm256_and_si256(_mm256_loadu_si256(at), keep), low);
      __m256i below = _mm256_cmpgt_epi64(span, moved);
      passed |= static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(below))) << (4 * j);
    }
    for (; passed != 0; passed &= passed - 1) {
      out[found++] = static_cast<uint32_t>(i) + static_cast<uint32_t>(__builtin_ctz(passed));
    }
  }
  for (; i < count; ++i) {
    uint64_t word;
    std::memcpy(&word, words + i * 8, 8);
    if (filter.passes(word)) out[found++] = static_cast<uint32_t>(i);
  }
  return found;
}
#endif

}  // namespace

bool has_fast_filter() {
#if defined(__x86_64__)
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
  return has;
#else
  return false;
#endif
}

size_t filter_words_plain(const std::byte* words, size_t count, const WordFilter& filter,
                          uint32_t* out) {
  return filter_plain<uint64_t>(words, count, filter, out);
}

size_t filter_words_64(const std::byte* words, size_t count, const WordFilter& filter,
                       uint32_t* out) {
#if defined(__x86_64__)
  if (has_fast_filter()) return filter_avx2(words, count, filter, out);
#endif
  return filter_plain<uint64_t>(words, count, filter, out);
}

size_t filter_words_32(const std::byte* words, size_t count, const WordFilter& filter,
                       uint32_t* out) {
  return filter_plain<uint32_t>(words, count, filter, out);
}

}  // namespace inquest::objects
