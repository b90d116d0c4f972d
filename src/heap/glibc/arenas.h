/// Finds the arenas of a process by their own consistency: no symbol is needed.
///
/// The bins of an arena are circular lists whose heads lie in the arena, so an empty bin points to
/// itself; bin 127 is never used and always empty. Wherever a writable word of a module says so,
/// `top`, all other bins and the ring of arenas are held against each other. Thread arenas hang on
/// the ring and lie in heaps of their own (heap_info), at multiples of 64 MB, which are also looked
/// for directly, so that a broken ring hides none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heap/glibc/layout.h"
#include "heap/glibc/window.h"
#include "heap/heap.h"

namespace inquest::heap::glibc {

/// Memory of an arena that is chunks from end to end.
struct Segment {
  uint64_t first = 0;  ///< of the first chunk
  uint64_t end = 0;    ///< past the last byte
  uint64_t begin = 0;  ///< with what stands before the first chunk (heap_info, malloc_state)
  size_t arena = 0;    ///< index into Process::arenas
  bool has_top = false;
};

struct ArenaState {
  uint64_t at = 0;      ///< malloc_state
  uint64_t fields = 0;  ///< of its `top`
  uint64_t top = 0;
  uint64_t system_bytes = 0;
  uint64_t flags = 0;
  bool main = false;
  bool in_ring = true;
};

/// One C library's malloc: its main arena and those that hang on it. Main arena first.
struct Library {
  Layout layout;
  std::vector<ArenaState> arenas;
  std::vector<Segment> segments;  ///< of thread arenas at first; ascending by begin
  uint64_t heap_info_bytes = 0;   ///< 0: no thread arena
  size_t module = SIZE_MAX;
  std::vector<Fault> faults;  ///< of the structures above; Fault::arena is an index into `arenas`
};

/// The anonymous writable memory around `at`: regions that touch (huge pages and protections split
/// mappings) as one. Empty when there is none.
AddressRange writable_run(const snapshot::Snapshot& process, uint64_t at);

/// All of them: one as a rule, more where a static program or another namespace has its own.
std::vector<Library> find_libraries(const Input& input);

}  // namespace inquest::heap::glibc
