#include "objects/types/likeness.h"

#include <bit>
#include <cmath>
#include <map>

#include "base/parallel.h"

namespace inquest::objects {
namespace {

constexpr size_t kLeastInstances = 8, kMostInstances = 256;  // of a class, in its sample
constexpr size_t kMostSampled = 1 << 15;                     // of all blocks
constexpr size_t kMostWords = 64;                            // of a block that are compared
constexpr size_t kMostRivals = 16;                           // classes of one size
constexpr size_t kLeastTelling = 2;
constexpr double kUsual = 0.5;        // share of the instances that makes a pointer telling
constexpr double kOddsAgainst = 100;  // before anything was looked at
constexpr double kLeastProbable = 0.9;
constexpr double kMostPercent = 85;
constexpr uint64_t kSmall = 1 << 16;
constexpr size_t kLikenessChunk = 1024;

/// What a word is: the kind above, the type of what it leads to below.
enum WordKind : uint32_t { null_word, small_number, number, in_image, in_memory, middle, to_begin };
constexpr uint32_t coded(WordKind kind, TypeIndex type = 0) { return uint32_t{kind} << 29 | type; }
bool is_telling(uint32_t code) { return code >> 29 == to_begin && (code & 0x1fffffff) != 0; }

/// How often each thing stands at each word.
struct Profile {
  TypeIndex type = 0;
  size_t blocks = 0;
  std::vector<std::map<uint32_t, uint32_t>> words = {};

  double share(size_t word, uint32_t code, double smoothing, double kinds) const {
    if (word >= words.size()) return 1 / kinds;
    auto found = words[word].find(code);
    const double count = found == words[word].end() ? 0 : found->second;
    return (count + smoothing) / (static_cast<double>(blocks) + smoothing * kinds);
  }
};

class LikenessSearch {
 public:
  LikenessSearch(const TypingInput& input, TypeTable& types, const BlockIndex& index,
                 const VirtualTables& tables, const Propagation& propagation)
      : input_(input),
        types_(types),
        index_(index),
        tables_(tables),
        propagation_(propagation),
        blocks_(input.heaps.blocks) {}

  /// False when no class can serve as a model.
  bool learn();
  struct Guess {
    TypeIndex type = 0;
    uint8_t percent = 0;
  };
  Guess guess(BlockId id, PieceView& view) const;

 private:
  std::vector<uint32_t> codes(BlockId id, PieceView& view) const;
  uint32_t code(uint64_t value) const;
  bool is_model(BlockId id);

  const TypingInput& input_;
  TypeTable& types_;
  const BlockIndex& index_;
  const VirtualTables& tables_;
  const Propagation& propagation_;
  const std::vector<heap::Block>& blocks_;
  std::map<uint64_t, std::vector<Profile>> by_size_;
  std::map<uint32_t, uint64_t> any_;  // how often each thing stands anywhere
  uint64_t all_ = 0;
};

uint32_t LikenessSearch::code(uint64_t value) const {
  if (value == 0) return coded(null_word);
  if (value < kSmall) return coded(small_number);
  if (tables_.can_be(value & ~uint64_t{7})) return coded(in_image);
  const uint32_t to = index_.find(value);
  if (to == kNoBlock || blocks_[to].state() != heap::State::used) {
    return coded(input_.process.memory.has({value}) ? in_memory : number);
  }
  if (blocks_[to].begin != value) return coded(middle);
  const BlockType& type = propagation_.blocks()[to];
  // Text and shapes are no types: they are everywhere.
  const bool is_type = type.type != 0 && types_.types()[type.type].reader != nullptr &&
                       !types_.made(type.type).is_scalar;
  return coded(to_begin, is_type ? type.type : 0);
}

std::vector<uint32_t> LikenessSearch::codes(BlockId id, PieceView& view) const {
  const Bytes bytes =
      view.at(blocks_[id].begin, std::min<uint64_t>(blocks_[id].size, kMostWords * 8));
  std::vector<uint32_t> out(bytes.size() / 8);
  for (size_t i = 0; i < out.size(); ++i) {
    uint64_t value;
    std::memcpy(&value, bytes.data() + 8 * i, 8);
    out[i] = code(value);
  }
  return out;
}

/// An object of a class that typed holders named.
bool LikenessSearch::is_model(BlockId id) {
  const BlockType& type = propagation_.blocks()[id];
  if (blocks_[id].state() != heap::State::used || type.is_array || type.percent < 80) return false;
  if (type.how != How::holder && type.how != How::container) return false;
  const TypeInfo& info = types_.types()[type.type];
  return info.reader && info.size >= 16 && fits_loosely(blocks_[id].size, info.size) &&
         !types_.made(type.type).slots.empty() && !types_.made(type.type).has_vptr;
}

bool LikenessSearch::learn() {
  std::map<std::pair<uint64_t, TypeIndex>, std::pair<uint64_t, std::vector<BlockId>>> samples;
  for (BlockId id = 0; id < blocks_.size(); ++id) {
    if (!is_model(id)) continue;
    auto& [seen, kept] = samples[{blocks_[id].size, propagation_.blocks()[id].type}];
    // Every one, then every second, ...: spread over all of the heap.
    if (kept.size() == kMostInstances) {
      for (size_t i = 0; i < kMostInstances / 2; ++i) kept[i] = kept[2 * i];
      kept.resize(kMostInstances / 2);
    }
    const uint64_t step = std::bit_floor(seen / (kMostInstances / 2) + 1);
    if (seen++ % step == 0) kept.push_back(id);
  }
  PieceView view(input_.process.memory);
  for (const auto& [key, sample] : samples) {
    const std::vector<BlockId>& ids = sample.second;
    if (ids.size() < kLeastInstances) continue;
    Profile profile{.type = key.second, .blocks = ids.size()};
    for (BlockId id : ids) {
      const std::vector<uint32_t> codes = this->codes(id, view);
      profile.words.resize(std::max(profile.words.size(), codes.size()));
      for (size_t i = 0; i < codes.size(); ++i) ++profile.words[i][codes[i]];
    }
    auto& rivals = by_size_[key.first];
    rivals.push_back(std::move(profile));
    if (rivals.size() > kMostRivals) {
      rivals.erase(std::ranges::min_element(rivals, {}, &Profile::blocks));
    }
  }
  if (by_size_.empty()) return false;
  const size_t step = std::max<size_t>(1, blocks_.size() / kMostSampled);
  for (size_t i = 0; i < blocks_.size(); i += step) {
    if (blocks_[i].state() != heap::State::used) continue;
    for (uint32_t one : codes(static_cast<BlockId>(i), view)) ++any_[one], ++all_;
  }
  return true;
}

LikenessSearch::Guess LikenessSearch::guess(BlockId id, PieceView& view) const {
  auto rivals = by_size_.find(blocks_[id].size);
  if (rivals == by_size_.end()) return {};
  const std::vector<uint32_t> codes = this->codes(id, view);
  if (static_cast<size_t>(std::ranges::count_if(codes, is_telling)) < kLeastTelling) return {};
  const double kinds = static_cast<double>(any_.size()) + 1;
  double sum = kOddsAgainst, best = 0;  // against the words of any block
  Guess out;
  for (const Profile& profile : rivals->second) {
    double odds = 0;
    size_t telling = 0;
    for (size_t i = 0; i < codes.size(); ++i) {
      const double share = profile.share(i, codes[i], 0.05, kinds);
      auto any = any_.find(codes[i]);
      const double usual = (any == any_.end() ? 0 : static_cast<double>(any->second)) + 0.05;
      odds += std::log(share) - std::log(usual / (static_cast<double>(all_) + 0.05 * kinds));
      telling += is_telling(codes[i]) && share >= kUsual;
    }
    const double likely = std::exp(std::min(odds, 500.0));
    sum += likely;
    if (likely <= best) continue;
    best = likely;
    out = {};
    if (telling >= kLeastTelling) out.type = profile.type;
  }
  const double probable = best / sum;
  if (out.type == 0 || probable < kLeastProbable) return {};
  out.percent = static_cast<uint8_t>(std::min(kMostPercent, 100 * probable));
  return out;
}

}  // namespace

void find_likeness(const TypingInput& input, TypeTable& types, const BlockIndex& index,
                   const VirtualTables& tables, Propagation& propagation) {
  if (snapshot::pointer_size(input.process.arch) != 8) return;
  if (std::ranges::none_of(input.modules, [](const auto& module) { return module.types; })) return;
  LikenessSearch search(input, types, index, tables, propagation);
  if (!search.learn()) return;
  const auto& blocks = input.heaps.blocks;
  std::vector<std::vector<Claim>> found((blocks.size() + kLikenessChunk - 1) / kLikenessChunk);
  parallel_for(found.size(), [&](size_t chunk) {
    PieceView view(input.process.memory);
    const size_t end = std::min(blocks.size(), (chunk + 1) * kLikenessChunk);
    for (size_t i = chunk * kLikenessChunk; i < end; ++i) {
      const auto id = static_cast<BlockId>(i);
      if (blocks[i].state() != heap::State::used || propagation.strength(id) != 0) continue;
      const auto guess = search.guess(id, view);
      if (guess.type == 0) continue;
      found[chunk].push_back({.block = id,
                              .type = guess.type,
                              .strength = Strength::likeness,
                              .percent = guess.percent,
                              .how = How::likeness});
    }
  });
  for (const auto& part : found) {
    for (const Claim& claim : part) propagation.claim(claim);
  }
}

}  // namespace inquest::objects
