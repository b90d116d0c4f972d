#include <algorithm>
#include <fmt/core.h>

#include "heap/glibc/mapped.h"

namespace inquest::heap::glibc {
namespace {

constexpr uint64_t kNotContiguous = 2;  // NONCONTIGUOUS_BIT of malloc_state::flags

class MainSegment {
 public:
  MainSegment(const Input& input, Window& memory, Library& library)
      : input_(input), memory_(memory), library_(library), arena_(library.arenas.front()), word_(library.layout.word) {}

  std::optional<MappedCount> find() {
    const snapshot::Region* region = input_.process.region_at({arena_.top});
    uint64_t head = word(arena_.top + word_);
    uint64_t size = head & ~kFlags, region_end = region ? region->range.end.value : arena_.top + size;
    bool sound = size >= library_.layout.min_chunk() && size % kAlign == 0 && size <= region_end - arena_.top &&
                 (arena_.top + size) % kPage == 0;
    Segment segment;
    segment.end = sound ? arena_.top + size : region_end;
    segment.has_top = true;
    uint64_t base = segment.end - arena_.system_bytes;
    std::optional<MappedCount> counted;
    if (!(arena_.flags & kNotContiguous) && arena_.system_bytes < segment.end && begins_chunks(aligned(base))) {
      segment.begin = base;
      counted = find_counters(base);
    } else if (!region) {
      return {};
    } else {
      segment.begin = region->range.begin.value;
      if (!(arena_.flags & kNotContiguous)) {
        library_.faults.push_back({.at = {arena_.fields + library_.layout.system_bytes()},
                                   .what = fmt::format("system_mem {:#x} does not lead from top's end {:#x} to a chunk",
                                                       arena_.system_bytes, segment.end)});
      } else {
        segment.begin = begin_of_chain(*region);
      }
    }
    segment.first = aligned(segment.begin);
    for (const Segment& other : library_.segments) {
      if (other.begin < segment.end && segment.begin < other.end) return counted;  // not believable
    }
    library_.segments.push_back(segment);
    std::sort(library_.segments.begin(), library_.segments.end(),
              [](const Segment& a, const Segment& b) { return a.begin < b.begin; });
    return counted;
  }

 private:
  uint64_t word(uint64_t at) { return memory_.word(at, word_); }
  /// The first place from `at` on whose memory is aligned.
  uint64_t aligned(uint64_t at) const {
    return ((at + 2 * word_ + kAlign - 1) & ~(kAlign - 1)) - 2 * word_;
  }

  bool begins_chunks(uint64_t at) {
    uint64_t head = word(at + word_), size = head & ~kFlags;
    return (head & kFlags) == kPrevInUse && size >= library_.layout.min_chunk() && size % kAlign == 0 &&
           at <= arena_.top && size <= arena_.top - at + (at == arena_.top ? size : 0);
  }

  /// The page of top's region from which chunks lead to top.
  uint64_t begin_of_chain(const snapshot::Region& region) {
    uint64_t budget = region.range.size() / library_.layout.min_chunk() * 4 + 1000;
    for (uint64_t page = region.range.begin.value; page < arena_.top; page += kPage) {
      if (!begins_chunks(aligned(page))) continue;
      uint64_t at = aligned(page);
      for (; at < arena_.top && budget > 0; --budget) {
        uint64_t size = word(at + word_) & ~kFlags;
        if (size < 2 * word_) break;
        at += size;
      }
      if (at == arena_.top) return page;
    }
    return region.range.begin.value;
  }

  /// malloc_par: { ... n_mmaps, n_mmaps_max, max_n_mmaps, no_dyn_threshold (ints); mmapped_mem; max_mmapped_mem;
  /// sbrk_base; ... }, found by the value of sbrk_base. 2.35 put an int before, which moves n_mmaps.
  std::optional<MappedCount> find_counters(uint64_t base) {
    constexpr uint64_t kNear = 1 << 16;
    for (uint64_t at = arena_.at > kNear ? (arena_.at - kNear) & ~uint64_t{7} : 0; at < arena_.at + kNear; at += word_) {
      if (word(at) != base) continue;
      uint64_t bytes = word(at - 2 * word_), most = word(at - word_);
      if (bytes > most || bytes % kPage != 0 || most % kPage != 0) continue;
      for (uint64_t back : {uint64_t{16}, uint64_t{20}}) {
        uint64_t first = at - 2 * word_ - back;
        uint64_t count = memory_.word(first, 4), peak = memory_.word(first + 8, 4), fixed = memory_.word(first + 12, 4);
        if (count <= peak && fixed <= 1 && (count == 0) == (bytes == 0)) return MappedCount{count, bytes};
        if (word_ == 4) break;
      }
    }
    return {};
  }

  const Input& input_;
  Window& memory_;
  Library& library_;
  const ArenaState arena_;
  const unsigned word_;
};

}  // namespace

std::optional<MappedCount> find_main_segments(const Input& input, Window& memory, Library& library) {
  return MainSegment(input, memory, library).find();
}

}  // namespace inquest::heap::glibc
