#include "heap/mimalloc/pages.h"

#include "heap/mimalloc/layout.h"

namespace inquest::heap::mimalloc {
namespace {

constexpr size_t kMaxDelayed = 1 << 25;

struct Page {
  uint64_t at;     // its mi_page_t
  uint64_t begin;  // of its first block
  uint64_t bytes;  // from there
  uint64_t block;  // bytes of one
  uint32_t capacity, used;
  uint8_t flags;
};

/// Calls visit(segment, index, address of the entry, slices) for every page and free span, in
/// address order; entries that are neither are stepped over one by one.
template <class Visit, class Broken>
void each_span(Words& words, const Segment& segment, Visit visit, Broken broken) {
  for (uint64_t i = segment.info; i < segment.entries;) {
    uint64_t entry = segment.at + kPages + i * kPageBytes;
    uint64_t count = words.half(entry + kSliceCount);
    if (count == 0 || count > segment.slices - i || words.half(entry + kSliceOffset) != 0) {
      broken(entry, i++);
      // The entries of a page's other slices say how far they are from its first.
      while (i < segment.entries && words.half(segment.at + kPages + i * kPageBytes) == 0) ++i;
      continue;
    }
    visit(i, entry, count);
    i += count;
  }
}

class PageReader {
 public:
  PageReader(Words& words, const Segment& segment, const std::vector<uint64_t>& delayed,
             size_t arena, Collector& collector)
      : words_(words), segment_(segment), delayed_(delayed), arena_(arena), collector_(collector) {}

  void read() {
    each_span(
        words_, segment_,
        [&](uint64_t index, uint64_t entry, uint64_t count) { read_span(index, entry, count); },
        [&](uint64_t entry, uint64_t index) {
          fault(entry, fmt::format("slice {} of the segment at {:#x} begins neither a page nor a "
                                   "free span",
                                   index, segment_.at));
        });
  }

 private:
  void read_span(uint64_t index, uint64_t entry, uint64_t count) {
    uint64_t begin = segment_.at + index * kSlice, bytes = count * kSlice;
    uint64_t block = words_.half(entry + kBlockSize);
    if (block == 0) return collector_.add(begin, bytes, State::free, arena_);
    uint64_t offset = block >= 8 && block <= 1024 ? kStartOffset : 0;
    if (block == kHugeBlock) block = bytes;
    Page page{.at = entry,
              .begin = begin + offset,
              .bytes = bytes - offset,
              .block = block,
              .capacity = words_.read<uint16_t>(entry + kCapacity).value_or(0),
              .used = words_.half(entry + kPageUsed),
              .flags = words_.read<uint8_t>(entry + kFlags).value_or(0)};
    if (block % 8 != 0 || page.capacity * block > page.bytes || page.used > page.capacity) {
      return fault(entry, fmt::format("the page at {:#x} says that {} of {} blocks of {} bytes are "
                                      "used, in {} bytes",
                                      begin, page.used, page.capacity, block, page.bytes));
    }
    read_blocks(page);
  }

  void read_blocks(const Page& page) {
    states_.assign(page.capacity, State::used);
    uint64_t free = walk(page, page.at + kFree, 0, State::free);
    free += walk(page, page.at + kLocalFree, 0, State::cached);
    if (free + page.used != page.capacity) {
      fault(page.at + kPageUsed,
            fmt::format("the page at {:#x} says that {} of {} blocks are used, its lists have {}",
                        page.begin, page.used, page.capacity, free));
    }
    walk(page, page.at + kThreadFree, 3, State::cached);
    auto delayed = std::lower_bound(delayed_.begin(), delayed_.end(), page.begin);
    for (; delayed != delayed_.end() && *delayed - page.begin < page.bytes; ++delayed) {
      mark(page, *delayed, *delayed, State::cached);
    }
    for (uint64_t i = 0; i < page.capacity; ++i) {
      collector_.add(page.begin + i * page.block, page.block, states_[i], arena_, segment_.huge);
    }
    uint64_t given = page.capacity * page.block;
    if (given < page.bytes) {
      collector_.add(page.begin + given, page.bytes - given, State::unused, arena_);
    }
  }

  /// Along a list, whose first link is at `from` and may hold flags in its low bits. Returns how
  /// many blocks it has; a block that is met twice ends it, so it ends.
  uint64_t walk(const Page& page, uint64_t from, uint64_t flags, State state) {
    uint64_t count = 0;
    for (uint64_t block = words_.word(from) & ~flags; block != 0; ++count) {
      if (!mark(page, block, from, state)) break;
      from = block;
      block = words_.word(block);
    }
    return count;
  }
  bool mark(const Page& page, uint64_t block, uint64_t from, State state) {
    uint64_t offset = block - page.begin, index = offset / page.block;
    bool fits = offset % page.block == 0 || page.capacity == 1;
    if (!fits || index >= page.capacity || states_[index] != State::used) {
      fault(from, fmt::format("{:#x} in a free list of the page at {:#x} is no block that may "
                              "stand there",
                              block, page.begin));
      return false;
    }
    states_[index] = state;
    return true;
  }
  void fault(uint64_t at, std::string what) { collector_.fault(at, std::move(what), arena_); }

  Words& words_;
  const Segment& segment_;
  const std::vector<uint64_t>& delayed_;
  size_t arena_;
  Collector& collector_;
  std::vector<State> states_;
};

/// The list of a heap; false when it runs in a circle or out of memory.
bool add_list(Words& words, uint64_t block, std::vector<uint64_t>& blocks) {
  uint64_t mark = 0, count = 0, next_mark = 1;  // Brent's: a mark at every power of two
  while (block != 0) {
    auto next = words.read<uint64_t>(block);
    if (!next || block == mark || blocks.size() >= kMaxDelayed) return false;
    blocks.push_back(block);
    if (++count == next_mark) {
      mark = block;
      next_mark *= 2;
    }
    block = *next;
  }
  return true;
}

}  // namespace

Delayed find_delayed(Words& words, const std::vector<Segment>& segments, Collector& collector) {
  Delayed delayed;
  std::set<uint64_t> threads;
  for (const Segment& segment : segments) {
    if (!segment.in_use) continue;
    threads.insert(segment.thread);
    each_span(
        words, segment,
        [&](uint64_t, uint64_t entry, uint64_t) {
          uint64_t heap = words.word(entry + kHeap);
          if (words.half(entry + kBlockSize) != 0 && heap != 0) delayed.heaps.insert(heap);
        },
        [](uint64_t, uint64_t) {});
  }
  for (auto heap = delayed.heaps.begin(); heap != delayed.heaps.end();) {
    if (!threads.contains(words.word(*heap + kHeapThread))) {
      collector.fault(*heap,
                      fmt::format("{:#x}, which pages name as their heap, is of no thread "
                                  "that owns a segment",
                                  *heap),
                      collector.first_arena());
      delayed.all = false;
      heap = delayed.heaps.erase(heap);
      continue;
    }
    if (!add_list(words, words.word(*heap + kDelayedFree), delayed.blocks)) {
      collector.fault(*heap + kDelayedFree, "the heap's list of blocks that others freed is broken",
                      collector.first_arena());
    }
    ++heap;
  }
  std::sort(delayed.blocks.begin(), delayed.blocks.end());
  delayed.blocks.erase(std::unique(delayed.blocks.begin(), delayed.blocks.end()),
                       delayed.blocks.end());
  return delayed;
}

void read_segment(Words& words, const Segment& segment, const std::vector<uint64_t>& delayed,
                  size_t arena, Collector& collector) {
  PageReader(words, segment, delayed, arena, collector).read();
}

}  // namespace inquest::heap::mimalloc
