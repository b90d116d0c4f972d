#include "objects/references/root_ranges.h"

#include <algorithm>

#include "objects/references/image_segments.h"
#include "objects/references/range_set.h"
#include "objects/references/thread_areas.h"

namespace inquest::objects {
namespace {

using snapshot::Region;
using snapshot::Snapshot;

/// What allocators hold: their segments, their books, and blocks with mappings of their own.
RangeSet owned_by_allocators(const heap::Heaps& heaps) {
  std::vector<AddressRange> ranges;
  for (const heap::Arena& arena : heaps.arenas)
    ranges.insert(ranges.end(), arena.segments.begin(), arena.segments.end());
  for (const heap::Allocator& allocator : heaps.allocators)
    ranges.insert(ranges.end(), allocator.books.begin(), allocator.books.end());
  const RangeSet segments(ranges);
  constexpr uint64_t kNear = 64;
  auto segment = segments.ranges().begin();
  for (const heap::Block& block : heaps.blocks) {
    AddressRange range = block.range();
    while (segment != segments.ranges().end() && segment->end <= range.begin) ++segment;
    if (segment != segments.ranges().end() && segment->begin <= range.begin) continue;
    if (!ranges.empty() && range.begin >= ranges.back().end &&
        range.begin - ranges.back().end < kNear) {
      ranges.back().end = range.end;
    } else {
      ranges.push_back(range);
    }
  }
  return RangeSet(std::move(ranges));
}

bool is_named_stack(const Region& region) { return region.file.starts_with("[stack"); }
bool is_from_file(const Region& region) {
  return !region.file.empty() && !region.file.starts_with('[');
}

class Finder {
 public:
  Finder(const Snapshot& process, const heap::Heaps& heaps, bool with_mappings)
      : process_(process),
        heaps_(heaps),
        with_mappings_(with_mappings),
        owned_(owned_by_allocators(heaps)) {}

  RootPlaces find() {
    find_areas();
    find_stack_pointers();
    for (const Region& region : process_.regions) take(region);
    std::ranges::sort(places_.ranges, [](const RootRange& a, const RootRange& b) {
      return std::pair(a.kind, a.range.begin) < std::pair(b.kind, b.range.begin);
    });
    std::ranges::sort(places_.vector_words);
    return std::move(places_);
  }

 private:
  struct StackPointer {
    Address at;  ///< with the red zone
    uint32_t thread;
    Address end;  ///< where its stack ends at the latest
  };

  void add(AddressRange range, RootKind kind, uint32_t thread = 0) {
    owned_.outside(range, [&](AddressRange part) {
      areas_.outside(part,
                     [&](AddressRange rest) { places_.ranges.push_back({rest, kind, thread}); });
    });
  }
  void add_mapping(AddressRange range) {
    if (with_mappings_) add(range, RootKind::mapping);
  }
  void add_area(const ThreadArea& area) {
    if (area.vector) places_.vector_words.push_back(*area.vector);
    auto take = [&](AddressRange part) {
      places_.ranges.push_back({part, RootKind::thread_local_data, area.thread});
    };
    if (owned_.at(area.range.begin)) return take(area.range);
    owned_.outside(area.range, take);
  }

  void find_areas() {
    std::vector<AddressRange> ranges;
    for (const ThreadArea& area : thread_areas(process_)) {
      add_area(area);
      ranges.push_back(area.range);
    }
    if (auto peb = find_peb()) {
      places_.ranges.push_back({*peb, RootKind::global});
      ranges.push_back(*peb);
    }
    areas_ = RangeSet(std::move(ranges));
  }

  /// A Windows process's own block of what all threads share: a global of ntdll's, in a region of
  /// its own.
  std::optional<AddressRange> find_peb() const {
    if (process_.os != snapshot::Os::windows) return {};
    constexpr uint64_t kPeb = 0x1000;
    const unsigned word = process_.arch == snapshot::Arch::x86 ? 4 : 8;
    for (const snapshot::Thread& thread : process_.threads) {
      if (!thread.tls) continue;
      // TEB.ProcessEnvironmentBlock.
      auto peb = process_.memory.read_pointer(Address{*thread.tls} + 12 * word, word);
      const Region* region = peb ? process_.region_at(Address{*peb}) : nullptr;
      if (region) return AddressRange{{*peb}, std::min(Address{*peb} + kPeb, region->range.end)};
    }
    return {};
  }

  void find_stack_pointers() {
    constexpr uint64_t kRedZone = 128, kPage = 4096;
    for (const snapshot::Thread& thread : process_.threads) {
      auto sp = thread.registers.sp();
      const Region* region = sp ? process_.region_at(*sp) : nullptr;
      if (!region) continue;
      Address begin = *sp - std::min(kRedZone, *sp - region->range.begin);
      if (owned_.at(*sp)) {
        // A stack that the program allocated: as much as the block that holds it.
        const heap::Block* block = heaps_.block_at(*sp);
        if (block && block->state() == heap::State::used)
          places_.ranges.push_back({{std::max(begin, block->address()), block->range().end},
                                    RootKind::stack,
                                    thread.id});
        continue;
      }
      Address end = region->range.end;
      if (thread.tls) {
        const AddressRange* area = areas_.at({*thread.tls});
        if (area && *sp < area->begin && area->end <= end)
          end = std::min(end, Address{(area->end.value + kPage - 1) / kPage * kPage});
      }
      stack_pointers_.push_back({begin, thread.id, end});
    }
    std::ranges::sort(stack_pointers_, {}, &StackPointer::at);
  }

  void take(const Region& region) {
    if (region.access && !region.access->read && !region.access->write) return;
    const Address end = end_of_image(region);
    if (end == region.range.end) return take_module(region);
    if (region.range.begin < end) {
      // A mapping right behind a module's .bss becomes one with it.
      Region part = region;
      part.range.end = end;
      take_module(part);
      part.range = {end, region.range.end};
      return take_other(part);
    }
    take_other(region);
  }

  void take_other(const Region& region) {
    auto first =
        std::ranges::lower_bound(stack_pointers_, region.range.begin, {}, &StackPointer::at);
    auto last = std::ranges::lower_bound(stack_pointers_, region.range.end, {}, &StackPointer::at);
    if (first != last) return take_stacks(region, first, last);
    if (is_named_stack(region)) return add(region.range, RootKind::stack);
    bool can_be_stack = region.access && region.access->write && region.file.empty();
    if (can_be_stack && left_to_search_ > 0) {
      --left_to_search_;
      auto dead = dead_thread_area(process_, region);
      // The descriptor of the main thread, which is on another stack, is not a dead one's.
      if (dead && !areas_.at(dead->range.begin)) return add_area(*dead);
    }
    add_mapping(region.range);
  }

  /// Where the part of the region ends that belongs to a module; its begin: none does.
  Address end_of_image(const Region& region) const {
    const bool is_anonymous = region.file.empty() && region.access && region.access->write;
    const snapshot::Module* module = process_.module_at(region.range.begin);
    if (!module && is_anonymous) {
      // The end of .bss, which some sources do not count to the module.
      const snapshot::Module* before = process_.module_at(region.range.begin - 1);
      if (before && before->range.end == region.range.begin) module = before;
    }
    if (!module) {
      return is_from_file(region) && !region.shared ? region.range.end : region.range.begin;
    }
    if (!is_anonymous) return region.range.end;
    auto end = image_end(process_.memory, *module);
    if (!end) return region.range.end;
    return std::clamp(*end, region.range.begin, region.range.end);
  }

  /// Code holds no pointers. Constants may: data that was made read-only after it was filled.
  void take_module(const Region& region) {
    if (region.access && region.access->execute && !region.access->write) return;
    // Nor do pages of a file that were never written to, which kernels leave out of cores.
    if (region.recorded == 0 && is_from_file(region)) return;
    AddressRange range = region.range;
    if (region.access && !region.access->write)
      range.end = range.begin + std::min(range.size(), region.recorded);
    add(range, RootKind::global);
  }

  template <class Iterator>
  void take_stacks(const Region& region, Iterator first, Iterator last) {
    // Below a stack pointer lies what was left there. In a mapping of another purpose, all may be
    // data.
    bool only_stacks = is_named_stack(region) || process_.os == snapshot::Os::windows;
    Address at = only_stacks ? first->at : region.range.begin;
    for (; first != last; ++first) {
      if (at < first->at) add_mapping({at, first->at});
      Address end = first->end;
      if (auto next = std::next(first); next != last) end = std::min(end, next->at);
      add({first->at, end}, RootKind::stack, first->thread);
      at = end;
    }
    if (at < region.range.end) add_mapping({at, region.range.end});
  }

  const Snapshot& process_;
  const heap::Heaps& heaps_;
  bool with_mappings_;
  size_t left_to_search_ = 1 << 16;  // regions; no process has so many stacks
  RangeSet owned_, areas_;
  std::vector<StackPointer> stack_pointers_;
  RootPlaces places_;
};

}  // namespace

RootPlaces find_root_places(const Snapshot& process, const heap::Heaps& heaps, bool with_mappings) {
  return Finder(process, heaps, with_mappings).find();
}

}  // namespace inquest::objects
