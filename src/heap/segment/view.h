/// What the parts of the segment heap's reader hand each other.
#pragma once

#include <optional>

#include "heap/collect.h"
#include "heap/windows/target.h"

namespace inquest::heap::segment {

inline constexpr uint32_t kSignature = 0xddeeddee;
inline constexpr uint64_t kPage = 4096;

/// One heap being read.
struct View {
  windows::Target& target;
  uint64_t at;  ///< of the _SEGMENT_HEAP
  size_t arena;
  Collector& collector;
  windows::Claims& claims;
  uint64_t key = 0;                        ///< RtlpHpHeapGlobals.HeapKey
  std::optional<uint32_t> front_key = {};  ///< of the front end's key what counts
  bool aligns_pages = false;  ///< chunks of pages begin at a page, 16 bytes further than others
  uint32_t build = 0;         ///< of Windows; 0: not known

  void fault(uint64_t place, std::string what) { collector.fault(place, std::move(what), arena); }
};

/// A page range that the front end cut into blocks of one size.
struct FrontRange {
  uint64_t begin = 0, end = 0;
};

/// The chunks of variable size in [begin, end). Linear.
void walk_variable(View& heap, AddressRange range);
/// The blocks of all of a heap's front-end ranges; they say together what the key is.
void walk_front(View& heap, const std::vector<FrontRange>& ranges);

}  // namespace inquest::heap::segment
