#include "heap/nt/segment.h"

#include <fmt/core.h>

namespace inquest::heap::nt {
namespace {

constexpr uint64_t kMostSegment = uint64_t{1} << 40, kPage = 4096;

class SegmentWalk {
 public:
  SegmentWalk(HeapView& heap, uint64_t segment) : heap_(heap), at_(segment) {}

  bool read() {
    const Layout& layout = heap_.layout;
    if (heap_.target.u32(at_ + layout.segment_signature) != kSegmentSignature) return false;
    if (field(layout.segment_heap) != heap_.at) return false;
    uint64_t base = field(layout.segment_base), first = field(layout.segment_first);
    uint64_t bytes = uint64_t{heap_.target.u32(at_ + layout.segment_pages)} * kPage;
    end_ = field(layout.segment_last);
    if (base > at_ || at_ - base > bytes || end_ - base > bytes || bytes > kMostSegment) {
      heap_.fault(at_ + layout.segment_last,
                  fmt::format("a segment of {:#x} bytes does not end at {:#x}", bytes, end_));
      end_ = base <= at_ && at_ - base < bytes && bytes <= kMostSegment ? base + bytes : at_;
    }
    if (first < at_ || first > end_) {
      heap_.fault(at_ + layout.segment_first,
                  fmt::format("the segment's first entry is at {:#x}, outside", first));
      first = at_ + layout.unit();
    }
    if (end_ <= at_) return true;
    if (!heap_.claims.claim(at_, end_)) {
      heap_.fault(at_, "the segment overlaps another");
      return true;
    }
    heap_.collector.arena(heap_.arena).segments.push_back({{at_}, {end_}});
    read_holes();
    walk(first);
    return true;
  }

 private:
  uint64_t field(uint64_t offset) { return heap_.target.pointer(at_ + offset); }

  /// The uncommitted ranges.
  void read_holes() {
    const Layout& layout = heap_.layout;
    uint64_t head = at_ + layout.segment_uncommitted_ring;
    auto broken = windows::walk_ring(heap_.target, head, [&](uint64_t entry) {
      uint64_t descriptor = entry - 2 * layout.word;
      uint64_t begin = heap_.target.pointer(descriptor + layout.uncommitted_address);
      uint64_t size = heap_.target.pointer(descriptor + layout.uncommitted_size);
      if (begin >= at_ && begin <= end_ && size <= end_ - begin && size != 0) {
        holes_.push_back({{begin}, {begin + size}});
      } else {
        heap_.fault(
            descriptor + layout.uncommitted_address,
            fmt::format("an uncommitted range of {:#x} bytes at {:#x} is not in its segment", size,
                        begin));
      }
    });
    if (broken) {
      heap_.fault(broken->at,
                  fmt::format("the list of uncommitted ranges leads to {:#x}, which does not point "
                              "back",
                              broken->value));
    }
    join(holes_);
  }
  /// Moves the place among the holes to `at`; where the committed run that holds it ends.
  uint64_t run_end(uint64_t at) {
    while (hole_ < holes_.size() && holes_[hole_].end.value <= at) ++hole_;
    return hole_ < holes_.size() ? holes_[hole_].begin.value : end_;
  }

  void walk(uint64_t at) {
    uint64_t previous = 0;  // the size of the entry before; 0: not known
    while (at < end_) {
      uint64_t run = run_end(at);
      if (run <= at) {
        at = holes_[hole_].end.value;
        previous = 0;
        continue;
      }
      auto entry = heap_.entries.at(at);
      if (!entry || entry->size > run - at) {
        at = recover(at);
        previous = 0;
        continue;
      }
      if (previous != 0 && entry->previous_size != previous) {
        heap_.fault(at, fmt::format("the entry says that the one before it has {:#x} bytes, it has "
                                    "{:#x}",
                                    entry->previous_size, previous));
      }
      add(at, *entry);
      previous = entry->size;
      at += entry->size;
    }
  }

  /// Behind the damage at `at`: the next entry that is sound and that the one behind it bears out.
  uint64_t recover(uint64_t at) {
    auto raw = heap_.entries.raw(at);
    if (!raw) {
      heap_.fault(at, "the dump does not hold the header of a block");
    } else if (Entry entry = heap_.entries.decode(*raw); heap_.entries.at(at)) {
      heap_.fault(at, fmt::format("size {:#x} of the block leads out of the segment", entry.size));
    } else {
      heap_.fault(at, fmt::format("the check sum of header {:#018x} is wrong", *raw));
    }
    for (at += heap_.layout.unit(); at < end_;) {
      uint64_t run = run_end(at);
      if (run <= at) return at;
      if (!heap_.entries.raw(at)) {
        at = behind_hole(at);
        continue;
      }
      if (is_borne_out(at, run)) return at;
      at += heap_.layout.unit();
    }
    return end_;
  }
  bool is_borne_out(uint64_t at, uint64_t run) {
    auto entry = heap_.entries.at(at);
    if (!entry || entry->size > run - at) return false;
    if (entry->size == run - at) return true;
    auto next = heap_.entries.at(at + entry->size);
    return next && next->previous_size == entry->size;
  }
  uint64_t behind_hole(uint64_t at) const {
    uint64_t unit = heap_.layout.unit();
    auto next = heap_.target.process().memory.next_held({at + unit});
    if (!next || next->value >= end_) return end_;
    return at + (next->value - at + unit - 1) / unit * unit;
  }

  void add(uint64_t at, const Entry& entry) {
    uint64_t begin = at + heap_.layout.unit();
    if (!entry.is_busy()) {
      uint64_t size = entry.size - heap_.layout.unit();
      if (size != 0) check_links(begin);
      return heap_.collector.add(begin, size, State::free, heap_.arena);
    }
    auto asked = heap_.entries.asked(at, entry);
    if (!asked) {
      heap_.fault(at, fmt::format("{:#x} unused bytes of a block of {:#x} are not possible",
                                  entry.unused, entry.size));
      asked = entry.size - heap_.layout.unit();
    }
    heap_.add_busy(begin, *asked, false);
  }

  void check_links(uint64_t begin) {
    const unsigned word = heap_.layout.word;
    uint64_t next = heap_.target.pointer(begin), previous = heap_.target.pointer(begin + word);
    if (heap_.target.pointer(next + word) != begin) {
      heap_.fault(begin, fmt::format("the free block's next, {:#x}, does not point back", next));
    } else if (heap_.target.pointer(previous) != begin) {
      heap_.fault(begin + word,
                  fmt::format("the free block's previous, {:#x}, does not point here", previous));
    }
  }

  HeapView& heap_;
  uint64_t at_, end_ = 0;
  std::vector<AddressRange> holes_;
  size_t hole_ = 0;
};

}  // namespace

void HeapView::add_busy(uint64_t begin, uint64_t size, bool mapped) {
  if (own.contains(begin)) {
    collector.allocator().books.push_back({{begin}, {begin + size}});
    return;
  }
  if (size > layout.user_header &&
      target.u32(begin + layout.user_signature) == kUserBlocksSignature) {
    user_blocks.push_back({begin, begin + size});
    return;
  }
  collector.add(begin, size, State::used, arena, mapped);
}

bool walk_segment(HeapView& heap, uint64_t segment) { return SegmentWalk(heap, segment).read(); }

}  // namespace inquest::heap::nt
