/// What the C library keeps in thread-local storage: each thread's cache and arena.
///
/// The variables `tcache` and `thread_arena` of malloc.c lie at the same distance from every
/// thread's thread pointer, near each other. So each distance at which threads point to what may be
/// a cache (or to an arena) is a candidate, and the one that most threads agree on is taken.
#pragma once

#include <utility>
#include <vector>

#include "heap/glibc/lists.h"

namespace inquest::heap::glibc {

struct ThreadsFound {
  std::vector<ThreadCache> caches;                         ///< ascending by address
  std::vector<std::pair<uint32_t, size_t>> arena_of = {};  ///< thread id -> index of its arena
};

/// `candidates` are blocks in use of a cache's size, ascending.
ThreadsFound find_threads(const Input& input, Window& memory, const Library& library,
                          const std::vector<uint64_t>& candidates);

}  // namespace inquest::heap::glibc
