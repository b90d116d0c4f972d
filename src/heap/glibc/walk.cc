#include "heap/glibc/walk.h"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

namespace inquest::heap::glibc {

uint64_t link_hash(uint64_t from, uint64_t to) {
  // Any good mixing will do; the constants are those of splitmix64.
  uint64_t x = from * 0x9e3779b97f4a7c15 + to;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

void add_fault(std::vector<Fault>& faults, uint64_t at, std::string what, size_t arena) {
  if (faults.size() < kMostFaults)
    faults.push_back({.at = {at}, .what = std::move(what), .arena = arena});
}

namespace {

template <class Word>
class SegmentWalk {
 public:
  SegmentWalk(Window& memory, const Library& library, const Segment& segment, size_t arena_offset,
              Walk& walk)
      : memory_(memory),
        layout_(library.layout),
        segment_(segment),
        arena_(library.arenas[segment.arena]),
        block_arena_(segment.arena + arena_offset),
        walk_(walk),
        sums_(walk.sums[segment.arena]),
        end_(segment.end),
        top_(segment.has_top ? arena_.top : 0) {
    for (size_t i = 0; i < kCacheLayouts.size(); ++i)
      cache_chunks_[i] = kCacheLayouts[i].chunk(sizeof(Word));
    limit_ = end_;
    if (segment.has_top && !top_closes_segment() && (!chain_meets_top() || chunks_follow_top())) {
      add_fault(walk_.faults, arena_.fields,
                fmt::format("top, {:#x}, is no chunk of the heap", top_), segment_.arena);
      top_ = 0;
      is_top_lost_ = true;
    }
    limit_ = top_ != 0 ? top_ : end_;
  }

  void all() {
    uint64_t at = segment_.first;
    while (at != 0 && at + kHeader <= end_) at = run(at);
  }

 private:
  static constexpr uint64_t kWord = sizeof(Word), kHeader = 2 * kWord,
                            kLeast = kWord == 8 ? 32 : 16;

  /// Walks from a chunk until something is not as it should be; returns where to go on, 0 at the
  /// end.
  uint64_t run(uint64_t at) {
    Word head;
    if (!memory_.read(at + kWord, head)) return skip_missing(at);
    while (true) {
      if (at == top_) return take_top(at, head);
      uint64_t size = head & ~kFlags;
      if (!is_size(at, size) || head & kMapped || (arena_.main && head & kOtherArena))
          [[unlikely]] {
        return not_a_chunk(at, head);
      }
      uint64_t next = at + size;
      Word next_head;
      if (next + kHeader > end_) return last(at, size);
      if (!memory_.read(next + kWord, next_head)) {
        put(at, size, State::used);
        return skip_missing(next);
      }
      if (next_head & kPrevInUse) {
        if (!arena_.main && !(head & kOtherArena) && (next_head & ~kFlags) == 0) {
          put(at, size,
              State::unused);  // the fence before the last, which may have a size to spare
          return 0;
        }
        if (!arena_.main && !(head & kOtherArena)) [[unlikely]] {
          add_fault(
              walk_.faults, at + kWord,
              fmt::format(
                  "the chunk in use says, by its flags {:#x}, that it belongs to the main arena",
                  uint64_t{head & kFlags}),
              segment_.arena);
        }
        put(at, size, State::used);
        for (uint64_t bytes : cache_chunks_) {
          if (size == bytes) [[unlikely]]
            walk_.maybe_caches.push_back(at + kHeader);
        }
      } else {
        take_free(at, head, size, next);
      }
      previous_ = at;
      at = next;
      head = next_head;
    }
  }

  bool is_size(uint64_t at, uint64_t size) const {
    return size >= kLeast && size % kAlign == 0 && size <= limit_ - at;
  }

  bool top_closes_segment() {
    Word head;
    return top_ != 0 && memory_.read(top_ + kWord, head) && (head & kPrevInUse) &&
           (head & ~kFlags) == end_ - top_;
  }
  /// Whether the chunks lead to where the arena has its top. Asked only where top itself is in
  /// doubt.
  bool chain_meets_top() {
    Word head;
    uint64_t at = segment_.first;
    while (at < top_ && at < end_ && memory_.read(at + kWord, head)) {
      uint64_t size = head & ~kFlags;
      if (size < kHeader || size > top_ - at) return false;
      at += size;
    }
    return at == top_;
  }

  /// Whether what top points to is a chunk among others.
  bool chunks_follow_top() {
    uint64_t top = std::exchange(top_, 0);
    bool follow = is_sound_chain(top, 0);
    top_ = top;
    return follow;
  }

  void put(uint64_t at, uint64_t size, State state) {
    Block block;
    block.begin = at + kHeader;
    block.arena = block_arena_;
    block.size = size - kWord;  // the first word of the next chunk is usable
    block.set_state(state);
    if (walk_.blocks.size() == walk_.blocks.capacity()) grow();
    walk_.blocks.push_back(block);
  }
  /// By what is left at the size of blocks so far, not by doubling: there may be many millions.
  void grow() {
    size_t have = walk_.blocks.size();
    uint64_t done = end_ - segment_.first,
             walked = walk_.blocks.empty() ? 0 : walk_.blocks.back().begin - segment_.first;
    size_t want = have + have / 2 + 4096;
    if (have > 10'000 && walked > 0 && walked < done) {
      double ratio = static_cast<double>(done) / static_cast<double>(walked);
      want = have + std::min<size_t>(
                        static_cast<size_t>(static_cast<double>(have) * (ratio - 1) * 1.03) + 4096,
                        (done - walked) / kLeast);
    }
    walk_.blocks.reserve(std::max(want, have + have / 8 + 16));
  }

  void take_free(uint64_t at, Word head, uint64_t size, uint64_t next) {
    put(at, size, State::free);
    Word links[4] = {}, footer = 0;
    memory_.read(next, footer);
    memory_.read(at + kHeader, links[0]);
    memory_.read(at + kHeader + kWord, links[1]);
    bool sound = footer == size;
    if (!sound) {
      add_fault(walk_.faults, next,
                fmt::format("the chunk before is free and of size {:#x}, yet prev_size says {:#x}",
                            size, uint64_t{footer}),
                segment_.arena);
    }
    if (!(head & kPrevInUse) && previous_ != 0) {
      add_fault(walk_.faults, at + kWord,
                "two chunks beside each other are free; they should be one", segment_.arena);
      sound = false;
    }
    if (!sound) walk_.doubtful.push_back({at, segment_.arena});
    sums_.links += link_hash(at, links[0]) - link_hash(links[1], at);
    // Every chunk marked free is linked to once.
    sums_.members += link_hash(at, 0) - link_hash(links[0], 0);
    if (size >= layout_.min_large()) {
      memory_.read(at + kHeader + 2 * kWord, links[2]);
      memory_.read(at + kHeader + 3 * kWord, links[3]);
      if (links[2] != 0) sums_.by_size += link_hash(at, links[2]);
      if (links[3] != 0) sums_.by_size -= link_hash(links[3], at);
    }
  }

  uint64_t take_top(uint64_t at, Word head) {
    uint64_t size = head & ~kFlags;
    bool fits = arena_.main ? size >= kLeast && size <= end_ - at : size == end_ - at;
    if (!fits || (head & (kFlags & ~kOtherArena)) != kPrevInUse) {
      add_fault(walk_.faults, at + kWord,
                fmt::format("the size of top, {:#x}, is not that of the rest of the heap, {:#x}",
                            uint64_t{head}, end_ - at),
                segment_.arena);
      size = (end_ - at) & ~(kAlign - 1);
    }
    put(at, size + kWord - kHeader, State::unused);
    previous_ = 0;
    return 0;
  }

  /// A chunk that ends where nothing follows: the end of a segment has no fence. It is top, where
  /// the arena does not know its own any more.
  uint64_t last(uint64_t at, uint64_t size) {
    put(at, size + kWord - kHeader, is_top_lost_ ? State::unused : State::used);
    return 0;
  }

  /// Fence posts close a segment that is not the last: chunks of a header's size, in use, or a size
  /// of 0.
  uint64_t not_a_chunk(uint64_t at, Word head) {
    uint64_t size = head & ~kFlags;
    bool fence = size == kHeader || (kHeader < kAlign && size == kAlign) || size == 0;
    if (fence && !(head & kMapped) && is_fence(at, size)) {
      previous_ = 0;
      uint64_t behind = at + 2 * kHeader;
      if (!arena_.main || behind + kHeader > end_) return 0;
      return after_fence(behind);
    }
    std::string what = size >= kLeast && size % kAlign == 0 && size <= end_ - at
                           ? fmt::format("the flags {:#x} of the chunk's size {:#x} cannot be",
                                         uint64_t{head & kFlags}, size)
                           : fmt::format("size {:#x} of the chunk is not a size", uint64_t{head});
    return resume(at + kWord, std::move(what), at);
  }

  bool is_fence(uint64_t at, uint64_t size) {
    if (size == 0) return !arena_.main && end_ - at <= kLeast;
    Word second;
    if (!memory_.read(at + size + kWord, second)) return at + size + kHeader > end_;
    uint64_t second_size = second & ~kFlags;
    return (second & kPrevInUse) != 0 && (second_size == size || second_size == 0);
  }

  /// Behind the fence of the main arena lies memory of somebody else (who called sbrk), then the
  /// arena's next piece.
  uint64_t after_fence(uint64_t at) {
    if (is_sound_chain(at, 0)) return at;
    return next_sound(at, end_);
  }

  uint64_t skip_missing(uint64_t at) {
    add_fault(walk_.faults, at, "the memory from here on is not in the dump", segment_.arena);
    return next_sound((at & ~(kPage - 1)) + kPage, end_);
  }

  /// Names the damage at a chunk, lists what it leaves as one block, and finds the next sound
  /// chunk. When chunks that lead on begin inside of the chunk before, it is that one whose size is
  /// wrong.
  uint64_t resume(uint64_t field, std::string what, uint64_t at) {
    uint64_t from = at;
    if (previous_ != 0 && at - previous_ > kLeast) {
      uint64_t inside = next_sound(previous_ + kLeast, at);
      if (inside != 0) {
        Word head = 0;
        memory_.read(previous_ + kWord, head);
        field = previous_ + kWord;
        what = fmt::format("size {:#x} of the chunk leads to {:#x}, where no chunk is",
                           uint64_t{head}, at);
        walk_.blocks.pop_back();
        add_fault(walk_.faults, field, std::move(what), segment_.arena);
        put(previous_, inside - previous_, State::used);
        previous_ = 0;
        return inside;
      }
    }
    add_fault(walk_.faults, field, std::move(what), segment_.arena);
    uint64_t next = next_sound(from + kLeast, end_);
    uint64_t until = next != 0 ? next : end_ & ~(kAlign - 1);
    // What the damaged chunk holds reaches up to the next sound one, so far as can be told.
    if (until - from >= kLeast)
      put(from, until - from + (next != 0 ? 0 : kWord - kHeader), State::used);
    previous_ = 0;
    return next;
  }

  /// The first place in [from, limit) from which a chain of sound chunks leads on; 0 when there is
  /// none. Holes are leapt over: a damaged dump may claim any size of a segment.
  uint64_t next_sound(uint64_t from, uint64_t limit) {
    uint64_t at = aligned(from);
    while (at < limit && at + kHeader <= end_) {
      if (is_sound_chain(at, 0)) return at;
      if (!memory_.has(at + kWord)) {
        auto held = memory_.next_held(at + kWord);
        if (!held || *held >= limit) return 0;
        at = std::max(at + kAlign, aligned(*held));
      } else {
        at += kAlign;
      }
    }
    return 0;
  }
  /// Where the next chunk can begin.
  static uint64_t aligned(uint64_t from) {
    return ((from + kHeader + kAlign - 1) & ~uint64_t{kAlign - 1}) - kHeader;
  }

  /// Sixteen chunks in a row, or all up to the end, that agree with each other.
  bool is_sound_chain(uint64_t at, uint64_t previous_size) {
    constexpr int kEnough = 16;
    for (int i = 0; i < kEnough; ++i) {
      Word head, footer = 0;
      if (at == end_) return i > 0 && !segment_.has_top;
      if (at + kHeader > end_ || !memory_.read(at + kWord, head)) return false;
      uint64_t size = head & ~kFlags;
      if (at == top_) return i > 0 && head & kPrevInUse;
      if (i > 0 && !arena_.main && (size == kHeader || size == 0) && end_ - at <= 2 * kLeast)
        return true;
      if (i > 0 && arena_.main && size == kHeader) {
        return is_fence(at, size);
      }
      if (!is_size(at, size) || head & kMapped || (arena_.main && head & kOtherArena)) return false;
      if (i > 0 && !(head & kPrevInUse)) {
        memory_.read(at, footer);
        if (footer != previous_size) return false;
      }
      previous_size = size;
      at += size;
    }
    return true;
  }

  Window& memory_;
  const Layout& layout_;
  const Segment& segment_;
  const ArenaState& arena_;
  const uint64_t block_arena_;
  Walk& walk_;
  LinkSums& sums_;
  const uint64_t end_;
  uint64_t top_;  ///< 0: not in this segment
  bool is_top_lost_ = false;
  uint64_t limit_ = 0;     ///< no chunk reaches over it: top or the end
  uint64_t previous_ = 0;  ///< the sound chunk just before; 0 when there is none
  std::array<uint64_t, kCacheLayouts.size()> cache_chunks_{};
};

}  // namespace

void walk_segment(Window& memory, const Library& library, const Segment& segment,
                  size_t arena_offset, Walk& walk) {
  if (library.layout.word == 8) {
    SegmentWalk<uint64_t>(memory, library, segment, arena_offset, walk).all();
  } else {
    SegmentWalk<uint32_t>(memory, library, segment, arena_offset, walk).all();
  }
}

}  // namespace inquest::heap::glibc
