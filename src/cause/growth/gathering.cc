#include "cause/growth/gathering.h"

#include <algorithm>

namespace inquest::cause {
namespace {

/// So much of the growth in one child means that it does not spread; in suspects.cc the same.
constexpr double kMostOfGrowth = 0.7;
constexpr size_t kGrownKinds = 3;

void add_sums(objects::Sum& sum, const objects::Sum& more) {
  sum.blocks += more.blocks;
  sum.bytes += more.bytes;
}

}  // namespace

uint32_t KeptGrowth::merged(uint32_t parent, const std::string& name, const KeptKind& kind) {
  auto [at, is_new] = known_.try_emplace(Key{parent, name, kind.size, kind.member},
                                         static_cast<uint32_t>(kinds_.size()));
  if (is_new) {
    kinds_.push_back({.type = name, .member = kind.member, .size = kind.size});
    if (parent != KeptKind::kOwner) kinds_[parent].below.push_back(at->second);
  }
  return at->second;
}

void KeptGrowth::take(const KeptKind& kind, uint32_t at, bool is_first, bool is_last) {
  Kind& into = kinds_[at];
  if (is_first) {
    add_sums(into.kept_first, kind.kept);
    add_sums(into.own_first, kind.own);
  }
  if (!is_last) return;
  add_sums(into.kept_last, kind.kept);
  add_sums(into.own_last, kind.own);
  if (kind.largest_kept <= into.largest_kept) return;
  into.largest = kind.largest;
  into.largest_kept = kind.largest_kept;
}

const KeptGrowth::Kind* KeptGrowth::largest_growth(const Kind& above) const {
  const Kind* most = nullptr;
  for (uint32_t below : above.below) {
    if (!most || kinds_[below].growth() > most->growth()) most = &kinds_[below];
  }
  return most;
}

/// What is held comes first, then whatever has most bytes more.
std::vector<answer::GrownKind> KeptGrowth::grown_below(const Kind& point, const Kind* held) const {
  std::map<std::pair<std::string, uint64_t>, answer::GrownKind> sums;
  auto add = [&](const Kind& kind) {
    auto& sum = sums[{kind.type, kind.size}];
    sum.type = kind.type;
    sum.size = kind.size;
    sum.blocks += kind.more_blocks();
    sum.bytes += kind.more_bytes();
  };
  std::vector<const Kind*> left = {&point};
  while (!left.empty()) {
    const Kind* kind = left.back();
    left.pop_back();
    if (kind != &point) add(*kind);
    for (uint32_t below : kind->below) left.push_back(&kinds_[below]);
  }
  std::vector<answer::GrownKind> grown;
  for (auto& [key, sum] : sums) {
    if (sum.bytes > 0) grown.push_back(std::move(sum));
  }
  std::ranges::stable_sort(grown, [&](const auto& one, const auto& other) {
    auto rank = [&](const answer::GrownKind& kind) {
      const bool is_held = held && kind.type == held->type && kind.size == held->size;
      return std::pair(is_held, kind.bytes);
    };
    return rank(one) > rank(other);
  });
  if (grown.size() > kGrownKinds) grown.resize(kGrownKinds);
  return grown;
}

std::optional<answer::Gathering> KeptGrowth::of(const std::string& owner) const {
  auto known = known_.find(Key{KeptKind::kOwner, owner, 0, ""});
  if (known == known_.end()) return {};
  const Kind* point = &kinds_[known->second];
  answer::Gathering gathering;
  const Kind* held = nullptr;
  while (const Kind* child = largest_growth(*point)) {
    const auto growth = static_cast<double>(child->growth());
    if (growth <= 0 || growth < kMostOfGrowth * static_cast<double>(point->growth())) break;
    // More of the child itself, not more in it: what is above has gathered them.
    const double each = static_cast<double>(child->kept_last.bytes) /
                        static_cast<double>(std::max<uint64_t>(child->own_last.blocks, 1));
    const bool are_more =
        child->more_blocks() > 1 && 2 * static_cast<double>(child->more_blocks()) * each >= growth;
    if (are_more) {
      held = child;
      break;
    }
    gathering.path.push_back({.type = child->type,
                              .size = child->size,
                              .member = child->member,
                              .blocks = child->own_last.blocks});
    point = child;
  }
  gathering.bytes = point->growth();
  gathering.kept = point->kept_last.bytes;
  if (!gathering.path.empty()) {
    gathering.largest = point->largest;
    gathering.largest_kept = point->largest_kept;
  }
  gathering.kinds = grown_below(*point, held);
  if (gathering.path.empty() && gathering.kinds.empty()) return {};
  return gathering;
}

}  // namespace inquest::cause
