#include "heap/jemalloc/extents.h"

#include <map>
#include <set>

#include "heap/jemalloc/layout.h"

namespace inquest::heap::jemalloc {
namespace {

struct Extent {
  uint64_t descriptor, begin, size, given;  // `given` is edata_t::e_addr: not on a page if large
  Bits bits;
  uint64_t end() const { return begin + size; }
};

class ExtentReader {
 public:
  ExtentReader(Words& words, const Arenas& arenas, std::vector<Cached>& cached,
               const std::vector<uint64_t>& own, Collector& collector)
      : map_(words),
        words_(words),
        arenas_(arenas),
        cached_(cached),
        own_(own),
        collector_(collector) {}

  void begin() {
    for (const auto& [number, at] : arenas_.at) arena_of(number);
  }
  void read(const Leaf& leaf) {
    map_.each_nonzero(leaf.at, kLevelBytes, [&](uint64_t at, uint64_t element) {
      visit(((leaf.key << kLevelBits) + (at - leaf.at) / 8) * kPage, at, element);
      return true;
    });
  }
  std::vector<uint64_t> finish() {
    for (auto& [number, index] : numbers_) join(collector_.arena(index).segments);
    return {books_.begin(), books_.end()};
  }

 private:
  void visit(uint64_t page, uint64_t at, uint64_t element) {
    uint64_t descriptor = descriptor_of(element);
    if (page < end_ && descriptor == last_) return;  // a further page of the extent
    if (descriptor == bad_) return;
    auto extent = read_extent(page, at, element);
    if (!extent) {
      bad_ = descriptor;
      return;
    }
    last_ = descriptor;
    end_ = extent->end();
    books_.insert(descriptor & ~(kPage - 1));
    emit(*extent);
  }

  std::optional<Extent> read_extent(uint64_t page, uint64_t at, uint64_t element) {
    uint64_t descriptor = descriptor_of(element);
    auto raw = words_.read<uint64_t>(descriptor);
    auto given = words_.read<uint64_t>(descriptor + kAt);
    auto size = words_.read<uint64_t>(descriptor + kSize);
    if (!raw || !given || !size) {
      fault(at, fmt::format("the page map names a descriptor {:#x} that is not there", descriptor));
      return {};
    }
    Extent extent{.descriptor = descriptor,
                  .begin = *given & ~(kPage - 1),
                  .size = *size & ~(kPage - 1),
                  .given = *given,
                  .bits = {*raw}};
    if (extent.begin > page || extent.size == 0 || extent.size > kAddressMask ||
        page - extent.begin >= extent.size || extent.begin < end_) {
      fault(descriptor + kAt,
            fmt::format("the extent of page {:#x} says that it is {:#x} bytes at {:#x}", page,
                        extent.size, *given));
      return {};
    }
    // Of an extent that is not in use the descriptor keeps what it was, the map does not; one that
    // a cache of huge pages keeps counts as active and has no class.
    bool in_use = extent.bits.state() == uint32_t(ExtentState::active) &&
                  extent.bits.size_class() != kSizeClasses;
    bool differ = in_use && (extent.bits.slab() != (element & 1) ||
                             extent.bits.size_class() != element >> 48);
    if (differ || extent.bits.state() > uint32_t(ExtentState::merging) ||
        extent.bits.size_class() > kSizeClasses) {
      fault(descriptor, fmt::format("the flags {:#x} of the extent at {:#x} are not those that the "
                                    "page map has, {:#x}",
                                    *raw, extent.begin, element));
      return {};
    }
    if (extent.begin != page) {
      fault(at, fmt::format("the first page of the extent at {:#x} is not in the page map",
                            extent.begin));
    }
    return extent;
  }

  void emit(const Extent& extent) {
    size_t arena = arena_of(extent.bits.arena());
    auto& segments = collector_.arena(arena).segments;
    if (!segments.empty() && segments.back().end.value == extent.begin) {
      segments.back().end = {extent.end()};
    } else {
      segments.push_back({{extent.begin}, {extent.end()}});
    }
    switch (ExtentState{static_cast<uint8_t>(extent.bits.state())}) {
      case ExtentState::active:
        if (extent.bits.size_class() == kSizeClasses) break;
        return extent.bits.slab() ? emit_slab(extent, arena) : emit_large(extent, arena);
      case ExtentState::dirty:
      case ExtentState::muzzy:
        break;
      default:
        return collector_.add(extent.begin, extent.size, State::unused, arena);
    }
    collector_.add(extent.begin, extent.size, State::free, arena);
  }

  void emit_large(const Extent& extent, size_t arena) {
    uint64_t size = size_of_class(extent.bits.size_class());
    if (size > extent.end() - extent.given) {
      fault(extent.descriptor, fmt::format("a block of {} bytes does not fit the extent at {:#x}",
                                           size, extent.begin));
      return;
    }
    State state = State::used;
    if (Cached* cached = cached_at(extent.given, extent.end())) {
      if (cached->region == extent.given && cached->size_class == extent.bits.size_class()) {
        cached->met = true;
        state = State::cached;
      }
    }
    add(extent.given, size, state, arena);
  }

  void emit_slab(const Extent& extent, size_t arena) {
    if (extent.bits.size_class() >= kSmallClasses) {
      return fault(extent.descriptor, fmt::format("the slab at {:#x} is of class {}, which is not "
                                                  "a small one",
                                                  extent.begin, extent.bits.size_class()));
    }
    uint64_t size = size_of_class(extent.bits.size_class());
    uint64_t count = std::min<uint64_t>(extent.size / size, kBitmapWords * 64);
    std::array<uint64_t, kBitmapWords> free{};
    uint64_t free_count = 0;
    for (uint64_t word = 0; word * 64 < count; ++word) {
      free[word] = words_.word(extent.descriptor + kBitmap + word * 8);
      if (count - word * 64 < 64) free[word] &= (uint64_t{1} << (count - word * 64)) - 1;
      free_count += std::popcount(free[word]);
    }
    if (free_count != extent.bits.free_regions()) {
      fault(extent.descriptor + kBitmap,
            fmt::format("the slab at {:#x} says that {} regions are free, its bitmap has {}",
                        extent.begin, extent.bits.free_regions(), free_count));
    }
    Cached* cached = cached_at(extent.begin, extent.end());
    for (uint64_t i = 0; i < count; ++i) {
      uint64_t region = extent.begin + i * size;
      State state = free[i / 64] >> i % 64 & 1 ? State::free : State::used;
      for (; is_cached_before(cached, region + size); ++cached) {
        if (cached->region != region || cached->size_class != extent.bits.size_class()) continue;
        if (state == State::free) {
          fault(cached->slot, fmt::format("region {:#x} is cached, and free in its slab", region));
        }
        cached->met = true;
        state = state == State::used ? State::cached : state;
      }
      add(region, size, state, arena);
    }
  }

  void add(uint64_t region, uint64_t size, State state, size_t arena) {
    while (own_next_ < own_.size() && own_[own_next_] < region) ++own_next_;
    if (own_next_ < own_.size() && own_[own_next_] == region && state == State::used) {
      collector_.allocator().books.push_back({{region}, {region + size}});
      return;
    }
    collector_.add(region, size, state, arena);
  }

  /// The first of the cached that is at or after `begin`, if it is before `end`.
  Cached* cached_at(uint64_t begin, uint64_t end) {
    while (cached_next_ < cached_.size() && cached_[cached_next_].region < begin) ++cached_next_;
    if (cached_next_ == cached_.size() || cached_[cached_next_].region >= end) return nullptr;
    return &cached_[cached_next_];
  }
  bool is_cached_before(const Cached* cached, uint64_t end) const {
    return cached != nullptr && cached < cached_.data() + cached_.size() && cached->region < end;
  }

  size_t arena_of(uint32_t number) {
    auto [arena, added] = numbers_.emplace(number, 0);
    if (!added) return arena->second;
    Arena made{.name = fmt::format("arena {}", number)};
    if (auto at = arenas_.at.find(number); at != arenas_.at.end()) {
      made.at = {at->second};
      made.name += fmt::format(" ({:#x})", at->second);
      for (const ThreadCache& cache : arenas_.caches) {
        if (cache.arena == at->second && cache.thread) made.threads.push_back(*cache.thread);
      }
    }
    return arena->second = collector_.add_arena(std::move(made));
  }
  void fault(uint64_t at, std::string what) {
    collector_.fault(at, std::move(what), collector_.first_arena());
  }

  Words map_, words_;  // the page map; what it names
  const Arenas& arenas_;
  std::vector<Cached>& cached_;
  const std::vector<uint64_t>& own_;
  Collector& collector_;
  std::map<uint32_t, size_t> numbers_;  // of an arena -> index in Heaps
  std::set<uint64_t> books_;            // pages that hold descriptors
  size_t cached_next_ = 0, own_next_ = 0;
  uint64_t end_ = 0, last_ = 0, bad_ = 0;  // of the extent before; descriptors
};

}  // namespace

std::vector<uint64_t> read_extents(Words& words, const std::vector<Leaf>& leaves,
                                   const Arenas& arenas, std::vector<Cached>& cached,
                                   const std::vector<uint64_t>& own, Collector& collector) {
  ExtentReader reader(words, arenas, cached, own, collector);
  reader.begin();
  for (const Leaf& leaf : leaves) reader.read(leaf);
  return reader.finish();
}

}  // namespace inquest::heap::jemalloc
