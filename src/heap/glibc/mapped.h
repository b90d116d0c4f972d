/// Memory of the main arena and of single blocks that lies in mappings of its own.
///
/// A block above the threshold (M_MMAP_THRESHOLD) has a mapping with a chunk at its begin, marked
/// as mapped; memalign moves the header up and notes by how much in prev_size. The kernel joins
/// mappings that touch, so a region may hold several, with strangers between: every page of
/// anonymous memory may begin one. When brk fails, the main arena takes mappings too, each chunks
/// from begin to fence.
#pragma once

#include <optional>
#include <vector>

#include "heap/glibc/arenas.h"

namespace inquest::heap::glibc {

struct MappedChunk {
  AddressRange mapping;
  uint64_t memory = 0;  ///< what the program was given
  uint64_t usable = 0;
};

/// What malloc counts (malloc_par).
struct MappedCount {
  uint64_t count = 0, bytes = 0;
};

/// Adds the segments of the main arena to `library.segments` (and sorts them); gives its counters
/// where they are found.
std::optional<MappedCount> find_main_segments(const Input& input, Window& memory, Library& library);

/// All mapped chunks outside of the segments, ascending. When the main arena of the first library
/// is not contiguous, its further pieces are found too, and added to its segments.
std::vector<MappedChunk> find_mapped(const Input& input, Window& memory,
                                     std::vector<Library>& libraries,
                                     const std::optional<MappedCount>& expected);

}  // namespace inquest::heap::glibc
