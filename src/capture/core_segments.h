/// Which parts of the memory a core holds: the plan that the writer executes.
///
/// Follows the kernel's default coredump_filter (core(5)): private and shared anonymous memory,
/// private huge pages, pages of files that the process changed, the first page of ELF files. Left
/// out: text and other clean file pages (unless Extent::everything), devices, MADV_DONTDUMP.
/// Every mapping gets a segment, so that a reader knows what was mapped where.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/address.h"
#include "capture/memory_map.h"

namespace inquest::capture {

struct Segment {
  enum class Pages : uint8_t {
    none,       ///< mapped, not recorded
    all,        ///< every page of `recorded`
    populated,  ///< the pages that exist; the others are zero, and holes in the file
  };
  AddressRange range;
  bool read = false, write = false, execute = false;
  Pages pages = Pages::none;
  uint64_t recorded = 0;        ///< bytes from range.begin that the file holds, holes included
  uint64_t estimate = 0;        ///< of these, bytes expected to need room on the disk
  const Mapping* of = nullptr;  ///< borrowed from the mappings that were planned
};

enum class Extent : uint8_t {
  stacks,      ///< when there is no room: stacks near their tops, and small pieces of data
  usual,       ///< as the kernel does
  everything,  ///< clean pages of files too
};

/// What the plan asks about pages. Absent answers mean "not known", and record more.
struct PageFacts {
  std::function<std::optional<std::vector<AddressRange>>(const Mapping&)> populated;
  std::function<std::optional<std::vector<AddressRange>>(const Mapping&)> modified;
  std::function<bool(const Mapping&)> begins_with_elf_header;
  std::vector<Address> stack_pointers;  ///< of the threads, ascending
};

std::vector<Segment> plan_segments(const std::vector<Mapping>& mappings, const PageFacts& facts,
                                   Extent extent);

}  // namespace inquest::capture
