#include <algorithm>
#include <fmt/core.h>
#include <map>

#include "heap/glibc/lists.h"

namespace inquest::heap::glibc {

Block* block_that_begins(std::vector<Block>& blocks, uint64_t begin) {
  auto found = std::lower_bound(blocks.begin(), blocks.end(), begin,
                                [](const Block& block, uint64_t at) { return block.begin < at; });
  return found != blocks.end() && found->begin == begin ? &*found : nullptr;
}

ThreadCache judge_cache(Window& memory, const Layout& layout, uint64_t at,
                        const CacheLayout& cache) {
  ThreadCache result{.at = at, .layout = cache};
  for (unsigned i = 0; i < cache.bins; ++i) {
    uint64_t count = 0;
    uint16_t wide = 0;
    uint8_t narrow = 0;
    bool there = cache.count_bytes == 2 ? memory.read(at + 2 * uint64_t{i}, wide)
                                        : memory.read(at + i, narrow);
    count = cache.count_bytes == 2 ? wide : narrow;
    uint64_t entry = memory.word(at + cache.entries() + uint64_t{i} * layout.word, layout.word, 1);
    if (!there || entry % kAlign != 0) return result;
    if (!cache.counts_room && (count == 0) != (entry == 0)) return result;
    if (entry == 0) continue;
    uint64_t head = memory.word(entry - layout.word, layout.word), size = head & ~kFlags;
    uint64_t least = layout.min_chunk() + i * kAlign;
    bool fits =
        i < kSmallCacheBins ? size == least : size >= layout.min_chunk() + kSmallCacheBins * kAlign;
    // Since 2.42 a cache takes blocks with mappings of their own too.
    bool strange = (size % kAlign != 0 || head & kMapped) && i < kSmallCacheBins;
    if (!fits || strange) return result;
    result.filled = true;
  }
  result.plausible = true;
  return result;
}

namespace {

/// One list to follow.
struct CachedList {
  uint64_t place;        ///< of the pointer to the first
  uint64_t first;        ///< memory of the first block; 0: empty
  uint64_t least, most;  ///< sizes of chunks that belong in it
  uint64_t shift;        ///< pointers are to the chunk (a fast bin): so much before its memory
  size_t arena;          ///< for faults
  std::string_view name;
  std::optional<uint64_t> count = {};
  uint64_t owner = 0;  ///< the thread cache whose blocks have a key; 0: they have none
};

class CachedMarker {
 public:
  CachedMarker(Window& memory, const Library& library, Walk& walk)
      : memory_(memory), layout_(library.layout), walk_(walk), budget_(walk.blocks.size() + 1000) {}

  void add_fast_bins(const ArenaState& arena, size_t index) {
    for (unsigned i = 0; i < layout_.fast_bins(); ++i) {
      uint64_t place = arena.at + layout_.fast() + uint64_t{i} * layout_.word;
      uint64_t chunk = word(place);
      if (chunk == 0) continue;
      uint64_t size = (uint64_t{i} + 2) * 2 * layout_.word;
      lists_.push_back(
          {place, chunk + layout_.header(), size, size, layout_.header(), index, "fast bin", {}});
    }
  }

  void add_cache(const ThreadCache& cache, size_t arena) {
    for (unsigned i = 0; i < cache.layout.bins; ++i) {
      uint64_t place = cache.at + cache.layout.entries() + uint64_t{i} * layout_.word;
      uint64_t first = word(place);
      bool small = i < kSmallCacheBins;
      uint64_t least = layout_.min_chunk() + (small ? i : kSmallCacheBins) * kAlign;
      CachedList list{place, first, least,          small ? least : uint64_t{1} << 40,
                      0,     arena, "thread cache", {}};
      // The key came with 2.29, counts of two bytes with 2.30.
      if (cache.layout.count_bytes == 2) list.owner = cache.at;
      uint64_t count = memory_.word(cache.at + (cache.layout.count_bytes == 2 ? 2 * i : i), 4);
      if (!cache.layout.counts_room)
        list.count = count & (cache.layout.count_bytes == 2 ? 0xffff : 0xff);
      if (first != 0 || list.count.value_or(0) != 0) lists_.push_back(list);
    }
  }

  std::optional<bool> mark() {
    decide_mangling();
    decide_key();
    for (const CachedList& list : lists_) follow(list);
    mark_found();
    return mangled_;
  }

 private:
  uint64_t word(uint64_t at) { return memory_.word(at, layout_.word); }

  /// Safe-linking stores `place >> 12 ^ pointer`. A single block that is last in its list tells.
  void decide_mangling() {
    size_t plain = 0, mangled = 0;
    for (const CachedList& list : lists_) {
      if (list.first == 0) continue;
      uint64_t raw = word(list.first), mask = list.first >> 12;
      plain += raw == 0 || (raw % kAlign == (0 - list.shift) % kAlign && begins(raw + list.shift));
      uint64_t target = raw ^ mask;
      mangled += target == 0 ||
                 (target % kAlign == (0 - list.shift) % kAlign && begins(target + list.shift));
    }
    if (plain != mangled) mangled_ = mangled > plain;
  }

  /// Behind the link, a cached block has a key by which free() knows it: the address of its cache,
  /// since 2.34 one random number for all.
  void decide_key() {
    std::map<uint64_t, size_t> seen;
    size_t all = 0, own = 0;
    for (const CachedList& list : lists_) {
      if (list.owner == 0 || list.first == 0) continue;
      uint64_t key = word(list.first + layout_.word);
      ++all;
      own += key == list.owner;
      ++seen[key];
    }
    auto sure = [&](size_t count) { return count >= 4 && count >= all - all / 4; };
    key_is_owner_ = sure(own);
    for (auto [key, count] : seen) {
      if (key != 0 && sure(count)) key_ = key;
    }
  }
  void check_key(const CachedList& list, uint64_t at) {
    if (list.owner == 0 || (!key_is_owner_ && key_ == 0)) return;
    uint64_t key = word(at + layout_.word), expected = key_is_owner_ ? list.owner : key_;
    if (key == expected) return;
    add_fault(walk_.faults, at + layout_.word,
              fmt::format("the key of a cached block is {:#x} instead of {:#x}: it was written to "
                          "after it was freed",
                          key, expected),
              list.arena);
  }
  bool begins(uint64_t memory) { return block_that_begins(walk_.blocks, memory) != nullptr; }

  bool belongs(const CachedList& list, uint64_t memory) {
    if (memory % kAlign != 0) return false;
    uint64_t head = memory_.word(memory - layout_.word, layout_.word), size = head & ~kFlags;
    return size >= list.least && size <= list.most && (!(head & kMapped) || list.most > list.least);
  }

  void follow(const CachedList& list) {
    uint64_t place = list.place, at = list.first, steps = 0;
    uint64_t mark = 0,
             lap = 1;  // Brent's: a mark that moves at every power of two meets every circle
    while (at != 0) {
      if (budget_ == 0 || !belongs(list, at) || at == mark) {
        std::string_view what = at == mark     ? "goes in a circle"
                                : budget_ == 0 ? "has more entries than there are blocks"
                                               : "";
        add_fault(
            walk_.faults, place,
            what.empty()
                ? fmt::format(
                      "the list of a {} for chunks of {:#x} bytes leads to {:#x}, which is none",
                      list.name, list.least, at)
                : fmt::format("the list of a {} for chunks of {:#x} bytes {}", list.name,
                              list.least, what),
            list.arena);
        return;
      }
      if (++steps == lap) {
        mark = at;
        lap *= 2;
      }
      --budget_;
      check_key(list, at);
      found_.push_back({at, place, list.arena});
      place = at;
      uint64_t raw = word(at);
      uint64_t next = mangled_.value_or(false) ? raw ^ at >> 12 : raw;
      if (layout_.word == 4) next &= 0xffffffff;
      at = next == 0 ? 0 : next + list.shift;
    }
    if (list.count && *list.count != steps) {
      add_fault(walk_.faults, list.place,
                fmt::format("a {} counts {} blocks of {:#x} bytes, its list has {}", list.name,
                            *list.count, list.least, steps),
                list.arena);
    }
  }

  struct Found {
    uint64_t memory, place;
    size_t arena;
    bool operator<(const Found& other) const { return memory < other.memory; }
  };

  void mark_found() {
    std::sort(found_.begin(), found_.end());
    auto block = walk_.blocks.begin();
    uint64_t last = 0;
    for (const Found& found : found_) {
      if (found.memory == last) {
        add_fault(walk_.faults, found.place,
                  fmt::format("the block {:#x} is in lists of free blocks twice", found.memory),
                  found.arena);
        continue;
      }
      last = found.memory;
      // Few are found by search, many by going along.
      if (found_.size() < walk_.blocks.size() / 64) {
        block = std::lower_bound(block, walk_.blocks.end(), found.memory,
                                 [](const Block& b, uint64_t at) { return b.begin < at; });
      } else {
        while (block != walk_.blocks.end() && block->begin < found.memory) ++block;
      }
      if (block == walk_.blocks.end() || block->begin != found.memory) {
        add_fault(walk_.faults, found.place,
                  fmt::format("a list of free blocks leads to {:#x}, where no block begins",
                              found.memory),
                  found.arena);
      } else {
        block->set_state(State::cached);
      }
    }
  }

  Window& memory_;
  const Layout& layout_;
  Walk& walk_;
  uint64_t budget_;
  std::vector<CachedList> lists_;
  std::vector<Found> found_;
  std::optional<bool> mangled_;
  bool key_is_owner_ = false;
  uint64_t key_ = 0;  ///< 0: not known
};

}  // namespace

std::optional<bool> mark_cached(Window& memory, const Library& library,
                                const std::vector<ThreadCache>& caches, size_t arena_offset,
                                Walk& walk) {
  CachedMarker marker(memory, library, walk);
  for (size_t i = 0; i < library.arenas.size(); ++i) marker.add_fast_bins(library.arenas[i], i);
  for (const ThreadCache& cache : caches) {
    const Block* block = block_that_begins(walk.blocks, cache.at);
    marker.add_cache(cache, block ? block->arena - arena_offset : 0);
  }
  return marker.mark();
}

}  // namespace inquest::heap::glibc
