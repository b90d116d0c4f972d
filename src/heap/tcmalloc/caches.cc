#include "heap/tcmalloc/caches.h"

#include <set>

#include "heap/tcmalloc/layout.h"

namespace inquest::heap::tcmalloc {
namespace {

constexpr uint64_t kTlsBytes = 16 << 10;
constexpr size_t kMaxCaches = 1 << 20, kMaxObjects = 1 << 24;

std::optional<std::vector<uint32_t>> classes_at(Words& words, uint64_t at) {
  std::vector<uint32_t> sizes{0};
  while (sizes.size() < kMaxClasses && sizes.back() < kMaxSmall) {
    uint32_t size = words.half(at + sizes.size() * 4);
    if (size <= sizes.back() || size % 8 != 0 || size > kMaxSmall) return {};
    sizes.push_back(size);
  }
  uint64_t pages = (at + kMaxClasses * 4 + 7) & ~uint64_t{7};
  if (words.word(pages + kMaxClasses * 8) != sizes.size()) return {};
  for (size_t i = 1; i < sizes.size(); ++i) {
    uint64_t count = words.word(pages + i * 8);
    if (count == 0 || count > kMaxClassPages || count * kPage < sizes[i]) return {};
  }
  return sizes;
}

class CacheFinder {
 public:
  CacheFinder(const snapshot::Snapshot& process, AddressRange data,
              const std::vector<uint32_t>& sizes, Collector& collector)
      : process_(process),
        words_(process.memory),
        data_(data),
        sizes_(sizes),
        collector_(collector) {}

  Caches find() {
    look_for_threads(data_.begin.value, data_.size());
    for (const snapshot::Thread& thread : process_.threads) {
      if (!thread.tls || *thread.tls < kTlsBytes) continue;
      look_for_threads((*thread.tls - kTlsBytes) & ~uint64_t{7}, kTlsBytes);
    }
    for (uint64_t cache : seen_) read_thread(cache);
    read_central();
    std::sort(found_.objects.begin(), found_.objects.end(),
              [](const CachedObject& a, const CachedObject& b) { return a.at < b.at; });
    auto again = std::unique(found_.objects.begin(), found_.objects.end(),
                             [&](const CachedObject& a, const CachedObject& b) {
                               if (a.at != b.at) return false;
                               fault(b.at, "the object is cached twice, as after a double free");
                               return true;
                             });
    found_.objects.erase(again, found_.objects.end());
    found_.threads.assign(seen_.begin(), seen_.end());
    return std::move(found_);
  }

 private:
  /// A cache's lists know the sizes of their classes.
  bool is_cache(uint64_t at) {
    if (at % 8 != 0 || at == 0) return false;
    for (size_t i = 1; i < sizes_.size(); ++i) {
      if (words_.half(at + i * kListBytes + kListSize) != sizes_[i]) return false;
    }
    return true;
  }
  void look_for_threads(uint64_t begin, uint64_t bytes) {
    Words run(process_.memory);
    run.each_nonzero(begin, bytes, [&](uint64_t, uint64_t word) {
      while (!seen_.contains(word) && seen_.size() < kMaxCaches && is_cache(word)) {
        seen_.insert(word);
        word = words_.word(word + kCacheNext);
      }
      return true;
    });
  }
  void read_thread(uint64_t cache) {
    for (uint32_t i = 1; i < sizes_.size(); ++i) {
      uint64_t list = cache + i * kListBytes;
      uint32_t length = words_.half(list + kListLength);
      uint64_t count = read_chain(words_.word(list), i, length);
      if (count != length) {
        fault(list, fmt::format("a thread's list of {} bytes says {} objects, {} were found",
                                sizes_[i], length, count));
      }
    }
  }
  /// Adds the objects of a chain, at most `limit`; ends where it runs in a circle.
  uint64_t read_chain(uint64_t object, uint32_t size_class, uint64_t limit) {
    uint64_t count = 0, mark = 0, next_mark = 1;  // Brent's: a mark at every power of two
    while (object != 0 && count < limit && found_.objects.size() < kMaxObjects) {
      auto next = words_.read<uint64_t>(object);
      if (!next || object == mark) break;
      found_.objects.push_back({.at = object, .size_class = size_class});
      if (++count == next_mark) {
        mark = object;
        next_mark *= 2;
      }
      object = *next;
    }
    return count;
  }
  /// The array of central lists: each knows its class.
  std::optional<uint64_t> find_central() {
    std::optional<uint64_t> central;
    Words run(process_.memory);
    run.each_nonzero(data_.begin.value, data_.size(), [&](uint64_t at, uint64_t word) {
      if (word != 1 || at < kCentralBytes + kCentralClass) return true;
      for (uint32_t i = 2; i < sizes_.size(); ++i) {
        if (words_.word(at + (i - 1) * kCentralBytes) != i) return true;
      }
      central = at - kCentralClass - kCentralBytes;
      return false;
    });
    return central;
  }
  void read_central() {
    auto central = find_central();
    if (!central) return;
    found_.central = true;
    for (uint32_t i = 1; i < sizes_.size(); ++i) {
      uint64_t list = *central + i * kCentralBytes;
      uint32_t used = words_.half(list + kCentralUsed);
      if (used > kMaxSlots) {
        fault(list + kCentralUsed,
              fmt::format("the transfer cache of {} bytes says that {} of {} slots are used",
                          sizes_[i], used, kMaxSlots));
        used = 0;
      }
      for (uint32_t slot = 0; slot < used; ++slot) {
        uint64_t head = words_.word(list + kCentralSlots + slot * 16);
        if (read_chain(head, i, kMaxObjects) == 0) {
          fault(list + kCentralSlots + slot * 16,
                fmt::format("{:#x} in a transfer cache is no object", head));
        }
      }
    }
  }
  void fault(uint64_t at, std::string what) {
    collector_.fault(at, std::move(what), collector_.first_arena());
  }

  const snapshot::Snapshot& process_;
  Words words_;
  AddressRange data_;
  const std::vector<uint32_t>& sizes_;
  Collector& collector_;
  std::set<uint64_t> seen_;
  Caches found_;
};

}  // namespace

std::optional<std::vector<uint32_t>> find_size_classes(Words& words, AddressRange data) {
  std::optional<std::vector<uint32_t>> sizes;
  Words table = words;
  words.each_nonzero(data.begin.value, data.size(), [&](uint64_t at, uint64_t word) {
    // The table begins with 0 and 8 (or 16), on a multiple of 4.
    for (uint64_t size : {8, 16}) {
      if (word == size << 32) sizes = classes_at(table, at);
      if ((word & 0xffffffff) == size && table.half(at - 4) == 0) sizes = classes_at(table, at - 4);
      if (sizes) return false;
    }
    return true;
  });
  return sizes;
}

Caches find_caches(const snapshot::Snapshot& process, AddressRange data,
                   const std::vector<uint32_t>& sizes, Collector& collector) {
  return CacheFinder(process, data, sizes, collector).find();
}

}  // namespace inquest::heap::tcmalloc
