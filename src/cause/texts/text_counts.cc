#include "cause/texts/text_counts.h"

#include <algorithm>

#include "cause/texts/text_pattern.h"

namespace inquest::cause {
namespace {

/// splitmix64's finish: addresses are anything but random.
uint64_t mixed(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
  return value ^ (value >> 31);
}

}  // namespace

void TextCount::add_sample(uint64_t hash, uint64_t at) {
  const std::pair sample{hash, at};
  if (samples.size() == kSamples && !(sample < samples.back())) return;
  samples.insert(std::ranges::upper_bound(samples, sample), sample);
  if (samples.size() > kSamples) samples.pop_back();
}

void TextCount::add_example(uint64_t at, std::string_view text) {
  if (examples.size() >= 2) return;
  text = text.substr(0, kExampleBytes);
  if (!examples.empty() && examples.front().text == text) return;
  examples.push_back({at, std::string(text)});
}

void TextCount::add(const TextCount& other) {
  if (encoding.empty()) encoding = other.encoding;
  count += other.count;
  bytes += other.bytes;
  for (const auto& [hash, at] : other.samples) add_sample(hash, at);
  for (const Example& example : other.examples) add_example(example.at, example.text);
}

void TextCounts::add(uint64_t at, const FoundText& text) {
  TextCount& sum = known_[text_pattern(text.text)];
  if (sum.encoding.empty()) sum.encoding = text.encoding;
  ++sum.count;
  sum.bytes += text.bytes;
  sum.add_sample(mixed(at), at);
  sum.add_example(at, text.text);
  if (known_.size() > most_) prune();
}

void TextCounts::take(TextCounts& other) {
  for (auto& [pattern, sum] : other.known_) known_[pattern].add(sum);
  other.known_.clear();
  rest_count_ += std::exchange(other.rest_count_, 0);
  rest_bytes_ += std::exchange(other.rest_bytes_, 0);
  is_cut_ |= std::exchange(other.is_cut_, false);
  if (known_.size() > most_) prune();
}

/// Half of them go, the rarest; among equals those of fewer bytes, then by name.
void TextCounts::prune() {
  using Entry = std::pair<const std::string, TextCount>;
  std::vector<const Entry*> all;
  all.reserve(known_.size());
  for (const Entry& entry : known_) all.push_back(&entry);
  const size_t keep = most_ / 2;
  std::ranges::nth_element(all, all.begin() + static_cast<ptrdiff_t>(keep),
                           [](const Entry* a, const Entry* b) {
                             const TextCount &x = a->second, &y = b->second;
                             if (x.count != y.count) return x.count > y.count;
                             if (x.bytes != y.bytes) return x.bytes > y.bytes;
                             return a->first < b->first;
                           });
  std::vector<std::string> gone;
  for (size_t i = keep; i < all.size(); ++i) {
    rest_count_ += all[i]->second.count;
    rest_bytes_ += all[i]->second.bytes;
    gone.push_back(all[i]->first);
  }
  for (const std::string& pattern : gone) known_.erase(pattern);
  is_cut_ = true;
}

std::vector<TextCounts::Line> TextCounts::lines() {
  std::vector<Line> out;
  out.reserve(known_.size());
  for (auto& [pattern, sum] : known_) out.push_back({pattern, std::move(sum)});
  known_.clear();
  std::ranges::sort(out, [](const Line& a, const Line& b) {
    return a.sum.bytes != b.sum.bytes ? a.sum.bytes > b.sum.bytes : a.pattern < b.pattern;
  });
  return out;
}

}  // namespace inquest::cause
