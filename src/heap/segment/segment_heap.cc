#include "heap/segment/segment_heap.h"

#include <charconv>
#include <fmt/core.h>
#include <map>
#include <unordered_set>

#include "heap/segment/view.h"
#include "heap/windows/names.h"

namespace inquest::heap::segment {
namespace {

// _SEGMENT_HEAP.
constexpr uint64_t kHeapSignature = 0x10, kLargeTree = 0x48;
// _HEAP_SEG_CONTEXT; two of them stand one behind the other, where differs.
constexpr uint64_t kContextBytes = 0xc0, kUnitShift = 0x8, kFirstDescriptor = 0xa, kVariable = 0x20,
                   kContextHeap = 0x38, kSegments = 0x48;
// _HEAP_PAGE_SEGMENT: 256 descriptors, the first of which are its own head.
constexpr uint64_t kSegmentSignature = 0x10, kDescriptor = 0x20, kUnits = 256;
constexpr uint64_t kSegmentMagic = 0xa2e64eada2e64ead;
// _HEAP_PAGE_RANGE_DESCRIPTOR.
constexpr uint64_t kTreeSignature = 0, kUnused = 4, kFlags = 0x18, kUnitCount = 0x1f;
constexpr uint32_t kAllocated = 0xccddccdd;
enum RangeFlags : uint8_t { kInUse = 1, kFirst = 2, kTypes = 0xc, kFreeing = 0x10 };
enum RangeType : uint8_t { kUser = 0, kInternal = 4, kFront = 8, kVariableSize = 0xc };

constexpr size_t kMostLarge = 1 << 22;

/// Where the first context stands: the one whose heap is this, with another behind it.
uint64_t find_contexts(windows::Target& target, uint64_t heap) {
  for (uint64_t at = heap + 0x60; at < heap + 0x400; at += 8) {
    if (target.pointer(at + kContextHeap) != heap) continue;
    if (target.pointer(at + kContextBytes + kContextHeap) != heap) continue;
    uint64_t size = ~target.pointer(at) + 1;  // of a segment, by its mask
    if (std::has_single_bit(size) && size >= 0x10000 && size <= uint64_t{1} << 32) return at;
  }
  return 0;
}

bool is_heap(windows::Target& target, uint64_t at) {
  return target.word() == 8 && target.u32(at + kHeapSignature) == kSignature &&
         find_contexts(target, at) != 0;
}

uint32_t build_number(const std::string& version) {
  uint32_t build = 0;
  size_t dot = version.rfind('.');
  if (dot != std::string::npos)
    std::from_chars(version.data() + dot + 1, version.data() + version.size(), build);
  return build;
}

class HeapReader {
 public:
  HeapReader(View heap) : heap_(heap), contexts_(find_contexts(heap.target, heap.at)) {}

  void read() {
    for (uint64_t context : {contexts_, contexts_ + kContextBytes}) find_segments(context);
    std::ranges::sort(segments_, {}, &Segment::at);
    segments_.erase(std::unique(segments_.begin(), segments_.end(),
                                [](const Segment& a, const Segment& b) { return a.at == b.at; }),
                    segments_.end());
    find_key();
    for (const Segment& segment : segments_) read_segment(segment);
    heap_.collector.restart();
    walk_front(heap_, front_);
    read_large();
    heap_.collector.restart();
    join(heap_.collector.arena(heap_.arena).segments);
  }

 private:
  struct Segment {
    uint64_t at, context;
  };

  void find_segments(uint64_t context) {
    auto broken = windows::walk_ring(heap_.target, context + kSegments, [&](uint64_t segment) {
      segments_.push_back({segment, context});
    });
    if (broken) {
      heap_.fault(broken->at,
                  fmt::format("the list of segments leads to {:#x}, which does not point "
                              "back",
                              broken->value));
    }
  }

  uint64_t key_in(const Segment& segment) {
    return heap_.target.pointer(segment.at + kSegmentSignature) ^ segment.at ^ segment.context ^
           kSegmentMagic;
  }
  /// The signature of each segment is encoded with the key; the one that most agree on.
  void find_key() {
    std::map<uint64_t, size_t> votes;
    for (const Segment& segment : segments_) ++votes[key_in(segment)];
    auto most = std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; });
    if (most == votes.end()) return;
    heap_.key = most->first;
    // 11 moved the variable-size context's configuration to its begin.
    uint64_t variable = heap_.target.pointer(contexts_ + kVariable);
    heap_.aligns_pages = heap_.target.u8(variable + (heap_.build >= 22000 ? 0x4 : 0xb0)) & 1;
  }

  void read_segment(const Segment& segment) {
    unsigned shift = heap_.target.u8(segment.context + kUnitShift);
    if (shift < 12 || shift > 24) {
      return heap_.fault(segment.context + kUnitShift,
                         fmt::format("units of 2^{} bytes are not possible", shift));
    }
    if (!heap_.claims.claim(segment.at, segment.at + (kUnits << shift))) {
      return heap_.fault(segment.at, "the segment overlaps another");
    }
    if (key_in(segment) != heap_.key) {
      heap_.fault(segment.at + kSegmentSignature, "the signature of a segment is wrong");
    }
    heap_.collector.arena(heap_.arena)
        .segments.push_back({{segment.at}, {segment.at + (kUnits << shift)}});
    uint64_t i = std::max<uint64_t>(1, heap_.target.u8(segment.context + kFirstDescriptor));
    while (i < kUnits) {
      uint64_t at = segment.at + i * kDescriptor;
      auto flags = heap_.target.read<uint8_t>(at + kFlags);
      uint64_t units = heap_.target.u8(at + kUnitCount);
      if (!flags || units == 0 || units > kUnits - i) {
        i = recover(segment.at, i);
        continue;
      }
      read_range(at, {{segment.at + (i << shift)}, {segment.at + ((i + units) << shift)}}, *flags);
      i += units;
    }
  }

  /// The next descriptor that begins a range.
  uint64_t recover(uint64_t segment, uint64_t i) {
    uint64_t at = segment + i * kDescriptor;
    heap_.fault(at + kUnitCount, fmt::format("{} units of a page range are not possible",
                                             heap_.target.u8(at + kUnitCount)));
    for (++i; i < kUnits; ++i) {
      at = segment + i * kDescriptor;
      uint64_t units = heap_.target.u8(at + kUnitCount);
      if (heap_.target.u8(at + kFlags) & kFirst && units != 0 && units <= kUnits - i) return i;
    }
    return kUnits;
  }

  void read_range(uint64_t descriptor, AddressRange range, uint8_t flags) {
    if ((flags & (kInUse | kFreeing)) != kInUse) {
      bool is_there = heap_.target.read<uint8_t>(range.begin.value).has_value();
      return heap_.collector.add(range.begin.value, range.size(),
                                 is_there ? State::free : State::unused, heap_.arena);
    }
    switch (flags & kTypes) {
      case kFront:
        front_.push_back({range.begin.value, range.end.value});
        return;
      case kVariableSize:
        return walk_variable(heap_, range);
      case kInternal:
        heap_.collector.allocator().books.push_back(range);
        return;
      default:
        break;
    }
    if (heap_.target.u32(descriptor + kTreeSignature) != kAllocated) {
      heap_.fault(descriptor + kTreeSignature, "a page range in use has no signature");
    }
    uint64_t unused = heap_.target.u32(descriptor + kUnused);
    if (unused > range.size()) {
      heap_.fault(descriptor + kUnused,
                  fmt::format("{:#x} unused bytes of a page range of {:#x}", unused, range.size()));
      unused = 0;
    }
    heap_.collector.add(range.begin.value, range.size() - unused, State::used, heap_.arena);
  }

  /// A red-black tree of what has a mapping of its own. Children may be encoded with the node.
  void read_large() {
    uint64_t tree = heap_.at + kLargeTree, root = heap_.target.pointer(tree);
    bool is_encoded = heap_.target.pointer(tree + 8) & 1;
    std::vector<uint64_t> waiting;
    if (root != 0) waiting.push_back(is_encoded ? root ^ tree : root);
    std::unordered_set<uint64_t> seen;
    struct Large {
      uint64_t begin, size, pages;
    };
    std::vector<Large> found;
    while (!waiting.empty()) {
      uint64_t node = waiting.back();
      waiting.pop_back();
      if (!seen.insert(node).second || seen.size() > kMostLarge) continue;
      auto place = heap_.target.read<uint64_t>(node + 0x18);
      uint64_t bytes = (heap_.target.pointer(node + 0x20) >> 12) * kPage;
      uint64_t unused = place.value_or(0) & 0xffff;
      if (!place || bytes == 0 || bytes > uint64_t{1} << 44 || unused > bytes) {
        heap_.fault(node, "a node in the tree of large allocations is none");
        continue;
      }
      found.push_back({*place & ~uint64_t{0xffff}, bytes - unused, bytes});
      for (uint64_t child : {node, node + 8}) {
        uint64_t next = heap_.target.pointer(child);
        if (next != 0) waiting.push_back(is_encoded ? next ^ node : next);
      }
    }
    std::ranges::sort(found, {}, &Large::begin);
    for (const Large& large : found) {
      if (!heap_.claims.claim(large.begin, large.begin + large.pages)) {
        heap_.fault(large.begin, "the large allocation overlaps another");
        continue;
      }
      heap_.collector.arena(heap_.arena)
          .segments.push_back({{large.begin}, {large.begin + large.pages}});
      heap_.collector.add(large.begin, large.size, State::used, heap_.arena, true);
    }
  }

  View heap_;
  uint64_t contexts_;
  std::vector<Segment> segments_;
  std::vector<FrontRange> front_;
};

/// The front end's key, where ntdll's symbols say where it is.
std::optional<uint32_t> key_by_symbol(const Input& input, windows::Target& target) {
  if (!input.find_symbol) return {};
  auto globals = input.find_symbol("RtlpHpHeapGlobals");
  if (!globals) return {};
  return target.read<uint32_t>(globals->value + 8);
}

}  // namespace

void find(const Input& input, Heaps& heaps) {
  windows::Target target(input.process);
  auto bases = windows::find_bases(target, [&](uint64_t at) { return is_heap(target, at); });
  if (bases.empty()) return;
  Collector collector(heaps, {.name = "segment heap",
                              .layout = "of Windows 10 since 1809 and 11, 64 bits; " +
                                        windows::not_confirmed(input.process),
                              .module = windows::find_module(input.process, "ntdll.dll")});
  windows::Claims claims;
  for (uint64_t at : bases) {
    size_t arena = collector.add_arena({.name = windows::arena_name(target, at), .at = {at}});
    HeapReader({.target = target,
                .at = at,
                .arena = arena,
                .collector = collector,
                .claims = claims,
                .front_key = key_by_symbol(input, target),
                .build = build_number(input.process.system.os_version)})
        .read();
  }
  join(collector.allocator().books);
  collector.finish("the segment heap");
}

}  // namespace inquest::heap::segment
