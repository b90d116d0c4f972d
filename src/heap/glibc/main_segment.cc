#include <algorithm>
#include <fmt/core.h>

#include "heap/glibc/mapped.h"

namespace inquest::heap::glibc {
namespace {

constexpr uint64_t kNotContiguous = 2;  // NONCONTIGUOUS_BIT of malloc_state::flags

class MainSegment {
 public:
  MainSegment(const Input& input, Window& memory, Library& library)
      : input_(input),
        memory_(memory),
        library_(library),
        arena_(library.arenas.front()),
        word_(library.layout.word) {}

  std::optional<MappedCount> find() {
    AddressRange run = writable_run(input_.process, arena_.top);
    uint64_t head = word(arena_.top + word_);
    uint64_t size = head & ~kFlags, region_end = run.empty() ? arena_.top + size : run.end.value;
    bool sound = size >= library_.layout.min_chunk() && size % kAlign == 0 &&
                 size <= region_end - arena_.top && (arena_.top + size) % kPage == 0;
    Segment segment;
    segment.end = sound ? arena_.top + size : region_end;
    segment.has_top = true;
    uint64_t base = segment.end - arena_.system_bytes;
    std::optional<MappedCount> counted;
    if (!(arena_.flags & kNotContiguous) && arena_.system_bytes < segment.end &&
        begins_chunks(aligned(base))) {
      segment.begin = base;
      counted = find_counters(base);
    } else if (auto whole = segment_by_base(run, counted)) {
      segment = *whole;
    } else if (run.empty()) {
      return {};
    } else {
      segment.begin = run.begin.value;
      if (!(arena_.flags & kNotContiguous)) {
        library_.faults.push_back(
            {.at = {arena_.fields + library_.layout.system_bytes()},
             .what = fmt::format("system_mem {:#x} does not lead from top's end {:#x} to a chunk",
                                 arena_.system_bytes, segment.end)});
      } else {
        counted = find_counters({});
        add_first_piece();
        segment.begin = begin_of_chain(run);
      }
    }
    segment.first = aligned(segment.begin);
    add(segment);
    return counted;
  }

 private:
  uint64_t word(uint64_t at) { return memory_.word(at, word_); }

  void add(const Segment& segment) {
    for (const Segment& other : library_.segments) {
      if (other.begin < segment.end && segment.begin < other.end)
        return;  // found before, or not believable
    }
    library_.segments.push_back(segment);
    std::sort(library_.segments.begin(), library_.segments.end(),
              [](const Segment& a, const Segment& b) { return a.begin < b.begin; });
  }
  /// Where top leads elsewhere: from sbrk_base, as many bytes as the arena has.
  std::optional<Segment> segment_by_base(const AddressRange& run,
                                         std::optional<MappedCount>& counted) {
    if (arena_.flags & kNotContiguous) return {};
    counted = find_counters({});
    if (base_ == 0 || run.contains({base_})) return {};
    AddressRange heap = writable_run(input_.process, base_);
    if (!heap.contains({base_}, arena_.system_bytes)) return {};
    return Segment{.end = base_ + arena_.system_bytes, .begin = base_, .has_top = true};
  }
  /// What lies at the break, when the arena had to go on elsewhere.
  void add_first_piece() {
    AddressRange run = base_ != 0 ? writable_run(input_.process, base_) : AddressRange{};
    if (run.empty()) return;
    Segment piece{.first = aligned(base_), .end = run.end.value, .begin = base_};
    piece.has_top = arena_.top >= piece.first && arena_.top < piece.end;
    add(piece);
  }
  /// The first place from `at` on whose memory is aligned.
  uint64_t aligned(uint64_t at) const {
    return ((at + 2 * word_ + kAlign - 1) & ~(kAlign - 1)) - 2 * word_;
  }

  bool begins_chunks(uint64_t at) {
    uint64_t head = word(at + word_), size = head & ~kFlags;
    return (head & kFlags) == kPrevInUse && size >= library_.layout.min_chunk() &&
           size % kAlign == 0 && at <= arena_.top &&
           size <= arena_.top - at + (at == arena_.top ? size : 0);
  }

  /// The page of the memory around top from which chunks lead to top.
  uint64_t begin_of_chain(const AddressRange& run) {
    uint64_t budget = run.size() / library_.layout.min_chunk() * 4 + 1000;
    for (uint64_t page = run.begin.value; page < arena_.top; page += kPage) {
      if (!begins_chunks(aligned(page))) continue;
      uint64_t at = aligned(page);
      for (; at < arena_.top && budget > 0; --budget) {
        uint64_t size = word(at + word_) & ~kFlags;
        if (size < 2 * word_) break;
        at += size;
      }
      if (at == arena_.top) return page;
    }
    return run.begin.value;
  }

  /// malloc_par: { ... n_mmaps, n_mmaps_max, max_n_mmaps, no_dyn_threshold (ints); mmapped_mem;
  /// max_mmapped_mem; sbrk_base; ... }, found by sbrk_base, which is `base` where that is
  /// known. 2.35 put an int before, which moves n_mmaps.
  std::optional<MappedCount> find_counters(std::optional<uint64_t> base) {
    constexpr uint64_t kNear = 1 << 16;
    for (uint64_t at = arena_.at > kNear ? (arena_.at - kNear) & ~uint64_t{7} : 0;
         at < arena_.at + kNear; at += word_) {
      uint64_t value = word(at);
      if (base ? value != *base : !may_be_base(value)) continue;
      uint64_t bytes = word(at - 2 * word_), most = word(at - word_);
      if (bytes > most || bytes % kPage != 0 || most % kPage != 0) continue;
      for (uint64_t back : {uint64_t{16}, uint64_t{20}}) {
        uint64_t first = at - 2 * word_ - back;
        uint64_t count = memory_.word(first, 4), peak = memory_.word(first + 8, 4),
                 fixed = memory_.word(first + 12, 4);
        if (count <= peak && fixed <= 1 && (count == 0) == (bytes == 0)) {
          base_ = value;
          return MappedCount{count, bytes};
        }
        if (word_ == 4) break;
      }
    }
    return {};
  }

  /// Without the arena's help: somewhere in anonymous memory, at the first of its chunks.
  bool may_be_base(uint64_t value) {
    if (value < kPage || input_.process.module_at({value})) return false;
    uint64_t head = word(aligned(value) + word_), size = head & ~kFlags;
    if ((head & kFlags) != kPrevInUse || size < library_.layout.min_chunk() || size % kAlign != 0)
      return false;
    return writable_run(input_.process, value).contains({value}, size);
  }

  const Input& input_;
  Window& memory_;
  Library& library_;
  const ArenaState arena_;
  const unsigned word_;
  uint64_t base_ = 0;  ///< sbrk_base, where it was found
};

}  // namespace

std::optional<MappedCount> find_main_segments(const Input& input, Window& memory,
                                              Library& library) {
  return MainSegment(input, memory, library).find();
}

}  // namespace inquest::heap::glibc
