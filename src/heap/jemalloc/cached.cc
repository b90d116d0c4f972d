#include "heap/jemalloc/cached.h"

#include "heap/jemalloc/layout.h"

namespace inquest::heap::jemalloc {
namespace {

constexpr size_t kMaxSlots = 1 << 24;  // of all caches; stacks that overlap could be endless

class Reader {
 public:
  Reader(Words& words, Collector& collector, size_t arena)
      : words_(words), collector_(collector), arena_(arena) {}

  void read(const ThreadCache& cache) {
    for (uint32_t i = 0; i < kCachedClasses; ++i) {
      uint64_t bin = cache.fast + kFastBins + i * kBinBytes;
      uint64_t head = words_.word(bin);
      if (head == 0) return;  // the classes from here on are not cached
      read_bin(bin, head, i);
    }
  }
  std::vector<Cached> take() {
    std::sort(cached_.begin(), cached_.end(),
              [](const Cached& a, const Cached& b) { return a.region < b.region; });
    auto again = std::unique(cached_.begin(), cached_.end(), [&](const Cached& a, const Cached& b) {
      if (a.region != b.region) return false;
      collector_.fault(
          b.slot, fmt::format("region {:#x} is cached twice, as after a double free", b.region),
          arena_);
      return true;
    });
    cached_.erase(again, cached_.end());
    return std::move(cached_);
  }

 private:
  void read_bin(uint64_t bin, uint64_t head, uint32_t size_class) {
    uint16_t low = static_cast<uint16_t>(head);
    uint16_t empty = words_.read<uint16_t>(bin + kBinEmpty).value_or(low);
    uint16_t full = words_.read<uint16_t>(bin + kBinFull).value_or(low);
    uint16_t bytes = empty - low, room = empty - full;
    if (head % 8 != 0 || bytes % 8 != 0 || bytes > room) {
      collector_.fault(bin, fmt::format("the top {:#x} of a cache's bin is outside of it", head),
                       arena_);
      return;
    }
    for (uint64_t slot = head; slot < head + bytes && slots_ < kMaxSlots; slot += 8, ++slots_) {
      uint64_t region = words_.word(slot);
      if (region == 0 || region > kAddressMask) {
        collector_.fault(slot, fmt::format("{:#x} in a cache is no region", region), arena_);
      } else {
        cached_.push_back({.region = region, .size_class = size_class, .slot = slot});
      }
    }
  }

  Words& words_;
  Collector& collector_;
  size_t arena_;
  std::vector<Cached> cached_;
  size_t slots_ = 0;
};

}  // namespace

std::vector<Cached> read_caches(Words& words, const std::vector<ThreadCache>& caches,
                                Collector& collector, size_t arena) {
  Reader reader(words, collector, arena);
  for (const ThreadCache& cache : caches) reader.read(cache);
  return reader.take();
}

}  // namespace inquest::heap::jemalloc
