/// The heap of a process as values for the report of `heap`: no logic.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "answer/answer.h"

namespace inquest::answer {

struct HeapSum {
  uint64_t count = 0, bytes = 0;
};
/// In the order used, cached, free, unused.
struct HeapUsage {
  HeapSum used, cached, free, unused;
};

struct HeapAllocator {
  std::string name, layout;
  std::string module = {};  ///< file name of the code that it is in; may be empty
};

struct HeapArena {
  std::string name, allocator;
  Address at;  ///< 0: none
  uint64_t segments = 0;
  std::optional<uint64_t> system_bytes = {};
  std::vector<uint32_t> threads = {};
  HeapUsage usage = {};
};

struct HeapSize {
  uint64_t size = 0, count = 0, bytes = 0;
  double share = 0;  ///< of the bytes in use, 0..1
};
struct HeapFreeSize {
  uint64_t least = 0;  ///< blocks of [least, 2 * least) bytes
  uint64_t count = 0, bytes = 0;
};

struct HeapBlock {
  Address at;
  uint64_t size = 0;
  std::string_view state = {};  ///< "used", "cached", "free", "unused"
  size_t arena = 0;             ///< index into Heap::arenas
  bool mapped = false;
};

struct HeapFault {
  Address at;
  std::string what, arena;
  std::optional<HeapBlock> before = {}, after = {};
};

/// Everything `inquest heap` says.
struct Heap {
  Dump dump;
  std::vector<HeapAllocator> allocators = {};
  std::vector<HeapArena> arenas = {};
  HeapUsage usage = {};
  std::vector<HeapSize> sizes = {};  ///< most bytes first
  std::vector<HeapFreeSize> free_sizes = {};
  uint64_t largest_free = 0;
  uint64_t usual_size = 0;  ///< half of the blocks in use are at least so large
  HeapSum crumbs = {};      ///< free blocks smaller than that
  std::vector<HeapFault> faults = {};
  std::vector<HeapBlock> blocks = {};  ///< only when a list is wanted
  /// How long the process was read while it ran on, in milliseconds; absent when it stood still.
  std::optional<double> read_in_place_ms = {};
  /// Looked for only where there are faults: threads that stood within malloc, free or the like.
  std::vector<uint32_t> threads_in_allocator = {};
  std::vector<Warning> warnings = {};
};

}  // namespace inquest::answer
