/// Where the growth of an owner gathers: the way down while one kind has most of it. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "answer/diff.h"
#include "cause/growth/kept_kinds.h"

namespace inquest::cause {

/// The kinds of several dumps in one tree: kinds are the same when they have one name and one
/// keeper.
class KeptGrowth {
 public:
  /// `owner_name` is what an owner is called among several dumps.
  template <class OwnerName>
  void add(const std::vector<KeptKind>& kinds, bool is_first, bool is_last, OwnerName owner_name);

  /// Of an owner that grew; absent when nothing is known below it. After Eclipse MAT: down while
  /// one child has most of the growth, up to where there is more of the child itself.
  std::optional<answer::Gathering> of(const std::string& owner) const;

 private:
  struct Kind {
    std::string type = {}, member = {};
    uint64_t size = 0;
    objects::Sum kept_first = {}, kept_last = {}, own_first = {}, own_last = {};
    Address largest = {};
    uint64_t largest_kept = 0;
    std::vector<uint32_t> below = {};

    int64_t growth() const { return static_cast<int64_t>(kept_last.bytes - kept_first.bytes); }
    int64_t more_blocks() const { return static_cast<int64_t>(own_last.blocks - own_first.blocks); }
    int64_t more_bytes() const { return static_cast<int64_t>(own_last.bytes - own_first.bytes); }
  };
  using Key = std::tuple<uint32_t, std::string, uint64_t, std::string>;

  uint32_t merged(uint32_t parent, const std::string& name, const KeptKind& kind);
  void take(const KeptKind& kind, uint32_t at, bool is_first, bool is_last);
  const Kind* largest_growth(const Kind& above) const;
  std::vector<answer::GrownKind> grown_below(const Kind& point, const Kind* held) const;

  std::vector<Kind> kinds_;
  std::map<Key, uint32_t> known_;
};

template <class OwnerName>
void KeptGrowth::add(const std::vector<KeptKind>& kinds, bool is_first, bool is_last,
                     OwnerName owner_name) {
  std::vector<uint32_t> at(kinds.size());
  for (size_t i = 0; i < kinds.size(); ++i) {
    const bool is_owner = kinds[i].parent == KeptKind::kOwner;
    at[i] = is_owner ? merged(KeptKind::kOwner, owner_name(kinds[i].type), kinds[i])
                     : merged(at[kinds[i].parent], kinds[i].type, kinds[i]);
    take(kinds[i], at[i], is_first, is_last);
  }
}

}  // namespace inquest::cause
