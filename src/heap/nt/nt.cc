#include "heap/nt/nt.h"

#include <fmt/core.h>

#include "heap/nt/lfh.h"
#include "heap/windows/names.h"

namespace inquest::heap::nt {
namespace {

class HeapReader {
 public:
  HeapReader(windows::Target& target, const Layout& layout, uint64_t at, Collector& collector,
             windows::Claims& claims)
      : entries_(target, layout, at),
        heap_{.target = target,
              .layout = layout,
              .at = at,
              .entries = entries_,
              .arena = collector.add_arena({.name = windows::arena_name(target, at), .at = {at}}),
              .collector = collector,
              .own = own_,
              .user_blocks = user_blocks_,
              .claims = claims} {}

  void read() {
    find_own();
    for (uint64_t segment : segments()) {
      if (!walk_segment(heap_, segment)) {
        heap_.fault(segment, "there is no segment of this heap, though its list says so");
      }
    }
    heap_.collector.restart();
    read_large();
    read_front_end(heap_);
    join(heap_.collector.arena(heap_.arena).segments);
  }

 private:
  const Layout& layout() const { return heap_.layout; }

  /// What the heap allocated from itself.
  void find_own() {
    constexpr unsigned kMostTables = 64;
    uint64_t lfh = heap_.pointer(layout().front_end);
    own_.insert(lfh);
    if (layout().usage_data != 0) own_.insert(heap_.pointer(layout().usage_data));
    uint64_t index = heap_.pointer(layout().blocks_index);
    for (unsigned i = 0; i < kMostTables && index != 0; ++i) {
      own_.insert(index);
      index = heap_.target.pointer(index);  // ExtendedLookup
    }
    own_.erase(0);
    if (heap_.target.pointer(lfh + layout().lfh_heap) != heap_.at) return;
    // The zones, of which the LFH makes its subsegments.
    ring(lfh + layout().lfh_zones, "the front end's zones",
         [&](uint64_t zone) { own_.insert(zone); });
  }

  std::vector<uint64_t> segments() {
    std::vector<uint64_t> found;
    bool whole = ring(heap_.at + layout().segments_ring, "segments",
                      [&](uint64_t entry) { found.push_back(entry - layout().segment_ring); });
    if (!whole) {
      auto more = windows::find_bases(heap_.target, [&](uint64_t at) {
        return heap_.target.u32(at + layout().segment_signature) == kSegmentSignature &&
               heap_.target.pointer(at + layout().segment_heap) == heap_.at;
      });
      found.insert(found.end(), more.begin(), more.end());
    }
    found.push_back(heap_.at);
    std::ranges::sort(found);
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
  }

  void read_large() {
    std::vector<uint64_t> found;
    ring(heap_.at + layout().virtual_ring, "large blocks",
         [&](uint64_t entry) { found.push_back(entry); });
    std::ranges::sort(found);
    for (uint64_t at : found) add_large(at);
    heap_.collector.restart();
  }

  void add_large(uint64_t at) {
    constexpr uint64_t kMost = uint64_t{1} << 44;
    uint64_t committed = heap_.target.pointer(at + layout().virtual_commit),
             reserved = heap_.target.pointer(at + layout().virtual_reserve);
    uint64_t header = at + layout().virtual_entry, begin = header + layout().unit();
    if (committed > reserved || reserved > kMost || committed < begin - at) {
      return heap_.fault(
          at + layout().virtual_commit,
          fmt::format("a large block cannot have {:#x} bytes of {:#x}", committed, reserved));
    }
    if (!heap_.claims.claim(at, at + reserved)) {
      return heap_.fault(at, "the large block overlaps another");
    }
    heap_.collector.arena(heap_.arena).segments.push_back({{at}, {at + reserved}});
    // Its header's size is what was not asked for, in bytes.
    uint64_t unused = begin - at;
    if (auto entry = entries_.at(header)) {
      unused = std::max(unused, entry->size / layout().unit());
    } else {
      heap_.fault(header, "the check sum of a large block's header is wrong");
    }
    if (unused > committed) {
      heap_.fault(header,
                  fmt::format("{:#x} unused bytes of a large block of {:#x}", unused, committed));
      unused = begin - at;
    }
    heap_.add_busy(begin, committed - unused, true);
  }

  bool ring(uint64_t head, const char* what, const std::function<void(uint64_t)>& visit) {
    auto broken = windows::walk_ring(heap_.target, head, visit);
    if (!broken) return true;
    heap_.fault(broken->at, fmt::format("the list of {} leads to {:#x}, which does not point back",
                                        what, broken->value));
    return false;
  }

  Entries entries_;
  std::unordered_set<uint64_t> own_;
  std::vector<UserBlocks> user_blocks_;
  HeapView heap_;
};

}  // namespace

void find(const Input& input, Heaps& heaps) {
  windows::Target target(input.process);
  Match match;
  auto bases = windows::find_bases(target, [&](uint64_t at) {
    Match found = layout_at(target, at);
    if (found.layout && (!match.layout || (found.has_front_end && !match.has_front_end)))
      match = found;
    return found.layout != nullptr;
  });
  if (bases.empty()) return;
  Layout layout = *match.layout;
  bool by_symbols = take_from_symbols(layout, input);
  Collector collector(
      heaps, {.name = "NT heap",
              .layout = fmt::format("of Windows {}, {} bits{}; {}", layout.windows, layout.word * 8,
                                    by_symbols ? ", by ntdll's debug types" : "",
                                    windows::not_confirmed(input.process)),
              .module = windows::find_module(input.process, "ntdll.dll")});
  windows::Claims claims;
  for (uint64_t at : bases) HeapReader(target, layout, at, collector, claims).read();
  join(collector.allocator().books);
  collector.finish("the NT heap");
}

}  // namespace inquest::heap::nt
