/// Counts of text patterns in bounded memory.
///
/// When there are more patterns than fit, the rarest are counted together as the rest (lossy
/// counting, Manku and Motwani 2002): what is frequent is kept, its count too low by what it had
/// before it was kept at most. Parts of a heap are counted each by itself and added up in order, so
/// that the answer does not depend on threads. Values; for one thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cause/texts/text_walk.h"

namespace inquest::cause {

struct TextCount {
  static constexpr size_t kSamples = 16, kExampleBytes = 100;
  uint64_t count = 0, bytes = 0;
  std::string_view encoding = {};
  /// Those with the smallest hashes of their addresses: the same ones, in whatever order they come.
  std::vector<std::pair<uint64_t, uint64_t>> samples = {};  ///< hash, address
  struct Example {
    uint64_t at = 0;
    std::string text = {};
  };
  std::vector<Example> examples = {};  ///< the first two that differ

  void add(const TextCount& other);
  void add_sample(uint64_t hash, uint64_t at);
  void add_example(uint64_t at, std::string_view text);
};

class TextCounts {
 public:
  explicit TextCounts(size_t most) : most_(most) {}

  void add(uint64_t at, const FoundText& text);
  /// Empties `other`.
  void take(TextCounts& other);

  struct Line {
    std::string pattern;
    TextCount sum;
  };
  /// Most bytes first; empties this.
  std::vector<Line> lines();
  uint64_t rest_count() const { return rest_count_; }
  uint64_t rest_bytes() const { return rest_bytes_; }
  bool is_cut() const { return is_cut_; }

 private:
  void prune();

  size_t most_;
  std::unordered_map<std::string, TextCount> known_;
  uint64_t rest_count_ = 0, rest_bytes_ = 0;
  bool is_cut_ = false;
};

}  // namespace inquest::cause
