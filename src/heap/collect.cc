#include "heap/collect.h"

#include <algorithm>

namespace inquest::heap {
namespace {

constexpr size_t kMaxFaults = 1000, kMaxArenas = 1 << 16;

}  // namespace

size_t Collector::add_arena(Arena arena) {
  if (heaps_.arenas.size() >= kMaxArenas) return kMaxArenas - 1;
  arena.allocator = allocator_;
  heaps_.arenas.push_back(std::move(arena));
  return heaps_.arenas.size() - 1;
}

void Collector::settle(uint64_t begin) {
  for (; waiting_ < heaps_.faults.size(); ++waiting_) {
    heaps_.faults[waiting_].after = Address{begin};
  }
}

void Collector::restart() {
  waiting_ = heaps_.faults.size();
  last_ = 0;
}

void Collector::fault(uint64_t at, std::string what, size_t arena) {
  if (heaps_.faults.size() - first_fault_ >= kMaxFaults) {
    ++not_kept_;
    return;
  }
  heaps_.faults.push_back({.at = {at}, .what = std::move(what), .arena = arena});
  if (last_ != 0) heaps_.faults.back().before = Address{last_};
}

void Collector::fault_roots(const std::vector<uint64_t>& broken) {
  for (uint64_t at : broken) {
    fault(at, "the pointer in the page map's root points to no leaf: the blocks below it are lost",
          first_arena_);
  }
}

void Collector::warn(std::string what, std::string advice) {
  heaps_.warnings.push_back({.what = std::move(what), .advice = std::move(advice)});
}

void Collector::finish(std::string_view name) {
  if (heaps_.faults.size() > first_fault_ && heaps_.arenas.size() == first_arena_) {
    add_arena({.name = "no arena that is known"});
  }
  if (not_listed_ != 0) warn(fmt::format("{} more blocks of {} are not listed", not_listed_, name));
  if (not_kept_ == 0) return;
  warn(fmt::format("{} more faults of {} are not listed", not_kept_, name),
       "the first in address order is the one to look at");
}

void join(std::vector<AddressRange>& ranges) {
  std::sort(ranges.begin(), ranges.end());
  size_t kept = 0;
  for (const AddressRange& range : ranges) {
    if (kept > 0 && range.begin <= ranges[kept - 1].end) {
      ranges[kept - 1].end = std::max(ranges[kept - 1].end, range.end);
    } else {
      ranges[kept++] = range;
    }
  }
  ranges.resize(kept);
}

}  // namespace inquest::heap
