/// Ranges of addresses, ascending and disjoint. Values.
#pragma once

#include <algorithm>
#include <vector>

#include "base/address.h"

namespace inquest::objects {

class RangeSet {
 public:
  RangeSet() = default;
  /// Of ranges in any order that may overlap.
  explicit RangeSet(std::vector<AddressRange> ranges) {
    std::erase_if(ranges, [](const AddressRange& range) { return range.empty(); });
    std::ranges::sort(ranges);
    for (const AddressRange& range : ranges) {
      if (!ranges_.empty() && range.begin <= ranges_.back().end) {
        ranges_.back().end = std::max(ranges_.back().end, range.end);
      } else {
        ranges_.push_back(range);
      }
    }
  }

  const AddressRange* at(Address address) const {
    auto after = std::ranges::upper_bound(ranges_, address, {}, &AddressRange::begin);
    if (after == ranges_.begin()) return nullptr;
    --after;
    return after->contains(address) ? &*after : nullptr;
  }

  /// Calls take(AddressRange) for the parts of `whole` outside the set, ascending.
  template <class Take>
  void outside(AddressRange whole, Take&& take) const {
    Address at = whole.begin;
    auto next = std::ranges::upper_bound(ranges_, at, {}, &AddressRange::end);
    for (; at < whole.end && next != ranges_.end() && next->begin < whole.end; ++next) {
      if (at < next->begin) take(AddressRange{at, next->begin});
      at = std::max(at, next->end);
    }
    if (at < whole.end) take(AddressRange{at, whole.end});
  }

  const std::vector<AddressRange>& ranges() const { return ranges_; }

 private:
  std::vector<AddressRange> ranges_;
};

}  // namespace inquest::objects
