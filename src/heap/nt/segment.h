/// The back end's blocks: segment by segment.
#pragma once

#include <unordered_set>

#include "heap/collect.h"
#include "heap/nt/entry.h"

namespace inquest::heap::nt {

/// A busy block of the back end in which the LFH keeps blocks of one size.
struct UserBlocks {
  uint64_t at = 0;   ///< of its _HEAP_USERDATA_HEADER
  uint64_t end = 0;  ///< past its last byte
};

/// What is needed to walk one heap.
struct HeapView {
  windows::Target& target;
  const Layout& layout;
  uint64_t at;  ///< of the _HEAP
  Entries& entries;
  size_t arena;
  Collector& collector;
  /// Addresses of what the heap itself keeps in blocks.
  std::unordered_set<uint64_t>& own;
  std::vector<UserBlocks>& user_blocks;
  windows::Claims& claims;

  void fault(uint64_t at, std::string what) { collector.fault(at, std::move(what), arena); }
  uint64_t pointer(uint64_t offset) { return target.pointer(at + offset); }
  /// Lists the busy block [begin, begin + size), unless it is the heap's own or the LFH's.
  void add_busy(uint64_t begin, uint64_t size, bool mapped);
};

/// False, and nothing added, when there is no segment of the heap at `segment`. Linear in its
/// committed bytes, whatever they say.
bool walk_segment(HeapView& heap, uint64_t segment);

}  // namespace inquest::heap::nt
