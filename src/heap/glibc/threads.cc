#include "heap/glibc/threads.h"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace inquest::heap::glibc {
namespace {

constexpr uint64_t kFarthest =
    1 << 18;  ///< of thread-local storage that is looked at, from the thread pointer
constexpr size_t kMostThreads = 20'000;

class ThreadFinder {
 public:
  ThreadFinder(const Input& input, Window& memory, const Library& library,
               const std::vector<uint64_t>& candidates)
      : input_(input), memory_(memory), library_(library), word_(library.layout.word) {
    for (uint64_t at : candidates) judge(at);
    // The cache of the first thread is the first block as a rule; its own header may be damaged.
    for (const Segment& segment : library.segments)
      judge_first(segment.first + library.layout.header());
    std::sort(caches_.begin(), caches_.end(),
              [](const auto& a, const auto& b) { return a.at < b.at; });
    for (size_t i = 0; i < library.arenas.size(); ++i) arenas_[library.arenas[i].at] = i;
  }

  ThreadsFound find() {
    size_t seen = 0;
    for (const auto& thread : input_.process.threads) {
      if (thread.tls && ++seen <= kMostThreads) look_at(thread.id, *thread.tls);
    }
    ThreadsFound found;
    int64_t arena_distance = best(arena_votes_, {});
    std::optional<int64_t> near;
    if (!arena_votes_.empty()) near = arena_distance;
    int64_t cache_distance = best(cache_votes_, near);
    for (const Hit& hit : hits_) {
      if (hit.is_arena) {
        if (hit.distance == arena_distance) found.arena_of.push_back({hit.thread, hit.index});
      } else if (hit.distance == cache_distance) {
        pointed_[hit.index] = true;
      }
    }
    for (size_t i = 0; i < caches_.size(); ++i) {
      const ThreadCache& cache = caches_[i];
      // One that no thread points to may be of a thread that the dump does not tell of.
      if (pointed_[i] || (cache.plausible && cache.filled)) found.caches.push_back(cache);
    }
    return found;
  }

 private:
  struct Hit {
    uint32_t thread;
    int64_t distance;
    size_t index;  ///< of the arena, or of the cache
    bool is_arena;
  };

  void judge(uint64_t at) {
    uint64_t size = memory_.word(at - word_, word_) & ~kFlags;
    for (const CacheLayout& layout : kCacheLayouts) {
      if (layout.chunk(word_) == size)
        caches_.push_back(judge_cache(memory_, library_.layout, at, layout));
    }
  }
  void judge_first(uint64_t at) {
    if (std::any_of(caches_.begin(), caches_.end(),
                    [&](const auto& cache) { return cache.at == at; }))
      return;
    for (const CacheLayout& layout : kCacheLayouts) {
      ThreadCache cache = judge_cache(memory_, library_.layout, at, layout);
      if (cache.plausible && cache.filled) return caches_.push_back(cache);
    }
  }

  /// x86 keeps thread-local storage below the thread pointer, ARM above.
  void look_at(uint32_t thread, uint64_t pointer) {
    bool above = input_.process.arch == snapshot::Arch::aarch64 ||
                 input_.process.arch == snapshot::Arch::arm;
    const snapshot::Region* region = input_.process.region_at({above ? pointer : pointer - 1});
    if (!region) return;
    uint64_t begin =
        above ? pointer
              : std::max(region->range.begin.value, pointer - std::min(pointer, kFarthest));
    uint64_t end = above ? std::min(region->range.end.value, pointer + kFarthest) : pointer;
    for (uint64_t at = begin & ~uint64_t{word_ - 1}; at < end; at += word_) {
      uint64_t value = memory_.word(at, word_);
      if (value == 0) continue;
      auto distance = static_cast<int64_t>(at - pointer);
      if (auto arena = arenas_.find(value); arena != arenas_.end()) {
        hits_.push_back({thread, distance, arena->second, true});
        arena_votes_[distance] += 1;
      } else if (value % kAlign == 0) {
        vote_cache(thread, distance, value);
      }
    }
  }
  void vote_cache(uint32_t thread, int64_t distance, uint64_t value) {
    auto cache = std::lower_bound(caches_.begin(), caches_.end(), value,
                                  [](const ThreadCache& c, uint64_t at) { return c.at < at; });
    if (cache == caches_.end() || cache->at != value) return;
    hits_.push_back({thread, distance, static_cast<size_t>(cache - caches_.begin()), false});
    cache_votes_[distance] += 1 + (cache->plausible ? 2 : 0) + (cache->filled ? 2 : 0);
  }

  static int64_t best(const std::map<int64_t, size_t>& votes, std::optional<int64_t> near) {
    int64_t distance = 0;
    size_t most = 0;
    for (auto [candidate, count] : votes) {
      constexpr int64_t kBeside = 128;
      if (near && std::abs(candidate - *near) <= kBeside) count *= 4;
      if (count < most) continue;
      most = count;
      distance = candidate;
    }
    return distance;
  }

  const Input& input_;
  Window& memory_;
  const Library& library_;
  const unsigned word_;
  std::vector<ThreadCache> caches_;
  std::unordered_map<uint64_t, size_t> arenas_;
  std::vector<Hit> hits_;
  std::map<int64_t, size_t> arena_votes_, cache_votes_;  ///< by distance from the thread pointer
  std::map<size_t, bool> pointed_;
};

}  // namespace

ThreadsFound find_threads(const Input& input, Window& memory, const Library& library,
                          const std::vector<uint64_t>& candidates) {
  return ThreadFinder(input, memory, library, candidates).find();
}

}  // namespace inquest::heap::glibc
