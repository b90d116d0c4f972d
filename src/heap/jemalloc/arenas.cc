#include "heap/jemalloc/arenas.h"

#include <set>

#include "heap/jemalloc/layout.h"

namespace inquest::heap::jemalloc {
namespace {

constexpr uint32_t kMaxArenas = 4095;       // MALLOCX_ARENA_LIMIT - 1
constexpr uint64_t kTlsBytes = 16 << 10;    // below the thread pointer: the images' static TLS
constexpr uint64_t kListSearch = 32 << 10;  // into arena_t: its statistics come first
constexpr uint64_t kBaseSearch = 128 << 10;
constexpr size_t kMaxCaches = 1 << 20, kMaxCandidates = 1 << 15;

std::optional<ThreadCache> cache_at(Words& words, uint64_t slow) {
  if (slow % 8 != 0) return {};
  uint64_t fast = words.word(slow + kSlowFast);
  if (fast == 0 || fast % 8 != 0 || words.word(fast) != slow) return {};
  if (words.word(slow + kSlowBins) != fast + kFastBins) return {};
  return ThreadCache{.slow = slow,
                     .fast = fast,
                     .arena = words.word(slow + kSlowArena),
                     .stacks = words.word(slow + kSlowStacks)};
}

/// Whether `at` lies in a block of jemalloc's books that begins at most 2 MiB before.
bool in_books(Words& words, uint64_t at) {
  uint64_t block = at & ~(kBaseAlign - 1);
  uint64_t size = words.word(block), rest = words.word(block + kBaseDescriptor + kAt);
  return size >= kPage && size % kPage == 0 && size <= kAddressMask && rest >= block &&
         rest <= block + size;
}

class Finder {
 public:
  Finder(const snapshot::Snapshot& process, AddressRange data, uint64_t root)
      : process_(process), words_(process.memory), data_(data), root_(root) {}

  Arenas find() {
    look_in_data();
    look_in_threads();
    number_arenas();
    look_in_lists();
    for (auto& [slow, cache] : caches_) {
      name_thread(cache);
      found_.caches.push_back(cache);
    }
    return std::move(found_);
  }

 private:
  /// Arenas that a word of .bss points at and that have a list of caches which point back.
  void look_in_data() {
    Words data(process_.memory);
    std::set<uint64_t> seen;
    data.each_nonzero(data_.begin.value, data_.size(), [&](uint64_t at, uint64_t word) {
      if (at >= root_ && at - root_ < kLevelBytes) return true;
      if (word % 64 != 0 || word > kAddressMask || !in_books(words_, word)) return true;
      pointers_.emplace(word, at);
      if (seen.size() < kMaxCandidates && seen.insert(word).second) look_for_list(word);
      return true;
    });
  }
  void look_for_list(uint64_t arena) {
    uint64_t before = 0;
    words_run_.each_nonzero(arena, kListSearch, [&](uint64_t at, uint64_t word) {
      bool pair = at != arena && word == before + kSlowDescriptor && words_.word(at - 8) == before;
      auto cache = pair ? cache_at(words_, before) : std::nullopt;
      before = word;
      if (!cache || cache->arena != arena) return true;
      list_offset_ = at - 8 - arena;
      follow(*cache);
      return false;
    });
  }
  /// Round the ring of an arena's caches.
  void follow(ThreadCache cache) {
    uint64_t first = cache.slow;
    while (caches_.size() < kMaxCaches && caches_.emplace(cache.slow, cache).second) {
      if (arenas_.size() < kMaxArenas) arenas_.insert(cache.arena);
      uint64_t next = words_.word(cache.slow + kSlowNext);
      if (next == first) return;
      auto following = cache_at(words_, next);
      if (!following || following->arena != cache.arena) return;
      cache = *following;
    }
  }
  /// What a broken ring lost: a thread's cache lies in its thread-local storage.
  void look_in_threads() {
    for (const snapshot::Thread& thread : process_.threads) {
      if (!thread.tls || *thread.tls < kTlsBytes) continue;
      threads_.emplace(*thread.tls, thread.id);
      uint64_t begin = (*thread.tls - kTlsBytes) & ~uint64_t{7};
      words_run_.each_nonzero(begin, kTlsBytes, [&](uint64_t at, uint64_t word) {
        if (word - begin >= kTlsBytes + 64 || words_.word(word) != at - kSlowFast) return true;
        if (auto cache = cache_at(words_, at - kSlowFast)) follow(*cache);
        return true;
      });
    }
  }
  /// An arena knows its number, beside the pointer to its base, which knows it too. Other parts of
  /// an arena point to the base as well, some with a zero before it: the last is the one.
  void number_arenas() {
    for (uint64_t arena : arenas_) {
      uint64_t base = (arena & ~(kBaseAlign - 1)) + kBaseFirst;
      words_run_.each_nonzero(arena, kBaseSearch, [&](uint64_t at, uint64_t word) {
        if (word != base || at - arena < 8) return true;
        uint32_t number = words_.half(at - 8);
        if (number != words_.half(base) || number >= kMaxArenas) return true;
        number_offset_ = std::max(number_offset_, at - 8 - arena);
        found_.at[number] = arena;
        return true;
      });
    }
    if (number_offset_ == 0) return;
    // The table of all, by where the known ones stand in .bss.
    std::map<uint64_t, size_t> votes;
    for (const auto& [number, arena] : found_.at) {
      auto [first, last] = pointers_.equal_range(arena);
      for (; first != last; ++first) {
        uint64_t table = first->second - uint64_t{number} * 8;
        if (table % 64 == 0) ++votes[table];
      }
    }
    auto table = std::max_element(votes.begin(), votes.end(),
                                  [](auto& a, auto& b) { return a.second < b.second; });
    if (table == votes.end()) return;
    for (uint32_t number = 0; number < kMaxArenas; ++number) {
      uint64_t arena = words_.word(table->first + uint64_t{number} * 8);
      if (arena != 0 && words_.read<uint32_t>(arena + number_offset_) == number) {
        found_.at.emplace(number, arena);
      }
    }
  }
  /// Arenas whose caches neither .bss nor a thread led to.
  void look_in_lists() {
    if (list_offset_ == 0) return;
    for (const auto& [number, arena] : found_.at) {
      auto cache = cache_at(words_, words_.word(arena + list_offset_));
      if (cache && cache->arena == arena) follow(*cache);
    }
  }
  void name_thread(ThreadCache& cache) {
    auto thread = threads_.lower_bound(cache.slow);
    if (thread != threads_.end() && thread->first - cache.slow < kTlsBytes) {
      cache.thread = thread->second;
    }
  }

  const snapshot::Snapshot& process_;
  Words words_;
  Words words_run_{process_.memory};
  AddressRange data_;
  uint64_t root_;
  Arenas found_;
  std::set<uint64_t> arenas_;                   // arena_t of every cache
  std::map<uint64_t, ThreadCache> caches_;      // by slow
  std::map<uint64_t, uint32_t> threads_;        // thread pointer -> id
  std::multimap<uint64_t, uint64_t> pointers_;  // a pointer of .bss into the books -> where it is
  uint64_t list_offset_ = 0, number_offset_ = 0;
};

}  // namespace

std::optional<uint32_t> Arenas::number_of(uint64_t arena) const {
  for (const auto& [number, address] : at) {
    if (address == arena) return number;
  }
  return {};
}

Arenas find_arenas(const snapshot::Snapshot& process, AddressRange data, uint64_t root) {
  return Finder(process, data, root).find();
}

}  // namespace inquest::heap::jemalloc
