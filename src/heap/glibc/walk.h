/// Walks the chunks of a segment from its first to its end.
///
/// Whether a chunk is free is told by the chunk behind it, so one pass in address order suffices.
/// The links of free chunks are not followed: each link adds to a sum what its other end takes
/// away, and only an arena whose sums are not zero is looked at link by link (lists.h). So a walk
/// reads memory once, in order.
///
/// Behind damage the walk goes on at the first place from which a chain of sound chunks leads on.
/// Linear.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "heap/glibc/arenas.h"

namespace inquest::heap::glibc {

/// Sums over the links of free chunks and bins of an arena; all zero when every link has its
/// counterpart and the chunks that are linked are those that are marked free.
struct LinkSums {
  uint64_t links = 0;    ///< fd against bk
  uint64_t members = 0;  ///< chunks marked free against chunks linked
  uint64_t by_size = 0;  ///< fd_nextsize against bk_nextsize
  bool whole() const { return links == 0 && members == 0 && by_size == 0; }
};
/// One end of a link; the other end takes it away again.
uint64_t link_hash(uint64_t from, uint64_t to);

/// What a walk collects. Chunks are told by address, blocks in `blocks` in ascending order.
struct Walk {
  std::vector<Block> blocks;
  std::vector<LinkSums> sums;          ///< an arena each
  std::vector<uint64_t> maybe_caches;  ///< blocks in use of the size of a thread's cache: begin
  std::vector<Fault> faults;           ///< Fault::arena is an index into Library::arenas
  std::vector<std::pair<uint64_t, uint64_t>> doubtful =
      {};  ///< chunk marked free by its neighbour only, its arena
};

inline constexpr size_t kMostFaults = 10'000;
void add_fault(std::vector<Fault>& faults, uint64_t at, std::string what, size_t arena);

/// Adds the blocks of one segment. `arena_offset` is added to the arena index of the blocks.
void walk_segment(Window& memory, const Library& library, const Segment& segment,
                  size_t arena_offset, Walk& walk);

}  // namespace inquest::heap::glibc
