#include "capture/core_segments.h"

#include <algorithm>

#include "capture/populated_pages.h"

namespace inquest::capture {
namespace {

using Pages = Segment::Pages;

/// File mappings up to this size are recorded whole once a page is modified, as the kernel does;
/// of larger ones only the modified pages.
constexpr uint64_t kWholeFileMapping = 64ull << 20;
/// Reservations over this size are recorded only where they hold something: a file system has a
/// largest file size, and a hole of a terabyte helps nobody.
constexpr uint64_t kLargestHole = 1ull << 40;
/// Clean pages of a file between modified ones are recorded too, rather than make a segment each.
constexpr uint64_t kSmallestGap = 64ull << 10;
/// What a core without room still holds: this much of each stack, and data of up to that size.
constexpr uint64_t kStackTop = 256ull << 10;
constexpr uint64_t kSmallData = 1ull << 20;

class Plan {
 public:
  Plan(const PageFacts& facts, Extent extent)
      : facts_(facts), everything_(extent == Extent::everything), lean_(extent == Extent::stacks) {}

  void add(const Mapping& mapping) {
    if (mapping.device || mapping.not_dumped || mapping.name == "[vsyscall]" ||
        mapping.name.starts_with("[vvar")) {
      return whole(mapping, Pages::none, 0);
    }
    if (mapping.name == "[vdso]") return whole(mapping, Pages::all, mapping.range.size());
    if (!mapping.detailed && mapping.name.starts_with("/dev/") && mapping.name != "/dev/zero" &&
        !mapping.name.starts_with("/dev/shm/")) {
      return whole(mapping, Pages::none, 0);  // maybe a device; smaps would have told
    }
    if (mapping.huge_pages) {
      if (lean_ || (mapping.shared && !everything_)) return whole(mapping, Pages::none, 0);
      return sparse(mapping);
    }
    if (mapping.is_anonymous()) return sparse(mapping);
    if (mapping.shared) return shared_file(mapping);
    private_file(mapping);
  }

  std::vector<Segment> take() { return std::move(segments_); }

 private:
  void piece(const Mapping& mapping, AddressRange range, Pages pages, uint64_t recorded,
             uint64_t estimate) {
    if (range.empty()) return;
    segments_.push_back({.range = range,
                         .read = mapping.read,
                         .write = mapping.write,
                         .execute = mapping.execute,
                         .pages = recorded ? pages : Pages::none,
                         .recorded = recorded,
                         .estimate = estimate,
                         .of = &mapping});
  }
  void whole(const Mapping& mapping, Pages pages, uint64_t recorded) {
    piece(mapping, mapping.range, pages, recorded, recorded);
  }
  /// Records `runs` (ascending) and leaves out what lies between them, where at least `gap` does.
  void only(const Mapping& mapping, const std::vector<AddressRange>& runs, uint64_t gap,
            Pages pages) {
    Address done = mapping.range.begin;
    for (size_t i = 0; i < runs.size();) {
      Address begin = runs[i].begin;
      if (begin - done < gap) begin = done;
      uint64_t held = runs[i].size();
      Address end = runs[i++].end;
      while (i < runs.size() && runs[i].begin - end < gap) {
        held += runs[i].size();
        end = runs[i++].end;
      }
      piece(mapping, {done, begin}, Pages::none, 0, 0);
      piece(mapping, {begin, end}, pages, end - begin, pages == Pages::all ? end - begin : held);
      done = end;
    }
    piece(mapping, {done, mapping.range.end}, Pages::none, 0, 0);
  }

  /// The parts of `range` that hold the newest frames of a thread.
  std::vector<AddressRange> stacks_in(AddressRange range) const {
    std::vector<AddressRange> runs;
    for (Address pointer : facts_.stack_pointers) {
      if (!range.contains(pointer)) continue;
      uint64_t below = (pointer - range.begin) / page_size() * page_size();
      // Code may use 128 bytes below the stack pointer (System V ABI): a page suffices.
      Address begin = range.begin + (below >= page_size() ? below - page_size() : 0);
      Address end = begin + std::min(kStackTop, range.end - begin);
      if (!runs.empty() && begin <= runs.back().end) {
        runs.back().end = std::max(runs.back().end, end);
      } else {
        runs.push_back({begin, end});
      }
    }
    return runs;
  }

  void sparse(const Mapping& mapping) {
    const uint64_t size = mapping.range.size();
    if (mapping.detailed && !mapping.huge_pages && !mapping.shared &&
        mapping.resident + mapping.swapped == 0) {
      // Untouched. What may be read is zero, and recorded as a hole; a guard or a reservation that
      // may not be read is not recorded.
      bool zeros = (mapping.read || mapping.write) && size < kLargestHole;
      return piece(mapping, mapping.range, Pages::populated, zeros ? size : 0, 0);
    }
    if (lean_ && (!mapping.detailed || mapping.resident + mapping.swapped > kSmallData)) {
      return only(mapping, stacks_in(mapping.range), page_size(), Pages::populated);
    }
    if (size >= kLargestHole) {
      if (auto runs = facts_.populated(mapping))
        return only(mapping, *runs, kLargestHole, Pages::populated);
    }
    uint64_t held = mapping.detailed ? std::min(size, mapping.resident + mapping.swapped) : 0;
    piece(mapping, mapping.range, Pages::populated, size, held);
  }

  void shared_file(const Mapping& mapping) {
    // A deleted file is shared anonymous memory (or as good as that): nobody else has it.
    if (mapping.deleted) return sparse(mapping);
    whole(mapping, everything_ ? Pages::all : Pages::none, everything_ ? mapping.range.size() : 0);
  }

  void private_file(const Mapping& mapping) {
    const uint64_t size = mapping.range.size();
    if (everything_) return whole(mapping, Pages::all, size);
    bool modified = mapping.detailed ? mapping.anonymous + mapping.swapped > 0 : mapping.write;
    if (modified) {
      if (lean_ && size > kSmallData) return whole(mapping, Pages::none, 0);
      if (size <= kWholeFileMapping) return whole(mapping, Pages::all, size);
      if (auto runs = facts_.modified(mapping)) {
        return only(mapping, *runs, kSmallestGap, Pages::all);
      }
      return whole(mapping, Pages::all, size);
    }
    bool header = mapping.offset == 0 && mapping.read && facts_.begins_with_elf_header(mapping);
    whole(mapping, header ? Pages::all : Pages::none, header ? std::min(page_size(), size) : 0);
  }

  const PageFacts& facts_;
  bool everything_;
  bool lean_;
  std::vector<Segment> segments_;
};

}  // namespace

std::vector<Segment> plan_segments(const std::vector<Mapping>& mappings, const PageFacts& facts,
                                   Extent extent) {
  Plan plan(facts, extent);
  for (const auto& mapping : mappings) plan.add(mapping);
  return plan.take();
}

}  // namespace inquest::capture
