/// jemalloc's arenas and the caches of threads, found from its .bss and from thread-local storage.
#pragma once

#include <map>
#include <optional>

#include "heap/words.h"

namespace inquest::heap::jemalloc {

struct ThreadCache {
  uint64_t slow = 0;                    ///< address of its tcache_slow_t
  uint64_t fast = 0;                    ///< of its tcache_t
  uint64_t arena = 0;                   ///< of the arena_t that it fills from
  uint64_t stacks = 0;                  ///< of the allocation that the stacks of its bins lie in
  std::optional<uint32_t> thread = {};  ///< absent for one that the program made explicitly
};

struct Arenas {
  std::map<uint32_t, uint64_t> at = {};  ///< number -> arena_t, of those that were found
  std::vector<ThreadCache> caches = {};  ///< ascending by slow
  std::optional<uint32_t> number_of(uint64_t arena) const;
};
/// `data` is the writable range that the page map lies in.
Arenas find_arenas(const snapshot::Snapshot& process, AddressRange data, uint64_t root);

}  // namespace inquest::heap::jemalloc
