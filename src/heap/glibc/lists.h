/// The lists of free blocks: bins of the arenas, fast bins, caches of the threads.
///
/// A list is a claim like any other: each entry must be a block of the walk and of the list's size,
/// a circle ends, and all lists together are held to as many steps as there are blocks.
#pragma once

#include <optional>

#include "heap/glibc/walk.h"

namespace inquest::heap::glibc {

/// The cache of one thread.
struct ThreadCache {
  uint64_t at = 0;  ///< tcache_perthread_struct: a block of its own
  CacheLayout layout{};
  bool plausible = false;  ///< counts and heads of lists agree
  bool filled = false;     ///< holds at least one block
};

/// What the words of the cache at `at` say, as far as they can be trusted.
ThreadCache judge_cache(Window& memory, const Layout& layout, uint64_t at,
                        const CacheLayout& cache);

/// Marks what lies in caches and fast bins as State::cached. Returns whether the links are mangled
/// (safe-linking, 2.32); absent when nothing tells.
std::optional<bool> mark_cached(Window& memory, const Library& library,
                                const std::vector<ThreadCache>& caches, size_t arena_offset,
                                Walk& walk);

/// Holds the bins of an arena against the walk's sums; where they differ, link by link against its
/// blocks.
void check_bins(Window& memory, const Library& library, size_t arena, size_t arena_offset,
                Walk& walk);

/// The block that begins at `begin`; null when there is none.
Block* block_that_begins(std::vector<Block>& blocks, uint64_t begin);

}  // namespace inquest::heap::glibc
