/// Where the addresses of a process went: every area by what it is for, and the holes between.
///
/// After VMMap (Sysinternals): image, file, stack, heap, anonymous, shared, guard, reserved. What
/// an area is for is told by its file, by the stack pointers of the threads, by the allocators that
/// were found and by its rights; where none says, it is `anonymous`. Values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "heap/heap.h"
#include "snapshot/snapshot.h"

namespace inquest::heap {

enum class Use : uint8_t {
  image,      ///< executable, libraries
  file,       ///< another file, mapped privately or only read
  stack,      ///< of a thread
  heap,       ///< a segment of an allocator
  anonymous,  ///< private memory of no file that no allocator is known to own
  shared,     ///< shared with other processes
  guard,      ///< forbidden on purpose, beside a stack
  reserved,   ///< addresses without memory
  system,     ///< vDSO and its data, TEB, PEB
};
inline constexpr size_t kUses = 9;
std::string_view name(Use use);

struct Area {
  AddressRange range;
  Use use = Use::anonymous;
  std::optional<snapshot::Access> access = {};  ///< absent when the dump does not say
  std::string what = {};                        ///< "libc.so.6", "thread 12 worker", "main arena"
  std::optional<uint32_t> thread = {};          ///< whose stack or guard it is
  uint64_t recorded = 0;                        ///< bytes of it that the dump holds
};

struct UseTotal {
  Use use;
  size_t areas = 0;
  uint64_t bytes = 0;
  uint64_t committed = 0;  ///< bytes that may be touched: neither reserved nor guard
  uint64_t recorded = 0;
  uint64_t largest = 0;  ///< bytes of the largest area
};

/// How near the process was to an end of what it may have.
struct Ceiling {
  std::string what;  ///< "address space", "mappings (vm.max_map_count)"
  uint64_t used = 0;
  uint64_t most = 0;
  bool is_bytes = true;     ///< else a count
  bool is_assumed = false;  ///< `most` is the system's default, not read from the process
};

struct AddressSpace {
  std::vector<Area> areas;       ///< ascending, disjoint
  std::vector<UseTotal> totals;  ///< of the uses that occur, most bytes first
  AddressRange user;             ///< all that a program could have
  uint64_t free_bytes = 0;
  size_t holes = 0;
  AddressRange largest_hole = {};
  /// Anonymous and heap areas of a mebibyte and more that lie lowest in the area of mappings: Linux
  /// hands out addresses downwards, so these are the newest, as far as addresses tell. Indices into
  /// `areas`.
  std::vector<size_t> newest;
  std::vector<Ceiling> ceilings;
  bool is_whole = true;  ///< false when the dump lists only a part of the areas
  std::vector<Warning> warnings;
};

/// Linear in regions and segments.
AddressSpace describe_address_space(const snapshot::Snapshot& process, const Heaps& heaps);

}  // namespace inquest::heap
