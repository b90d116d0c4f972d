/// tcmalloc's size classes, and the objects that its caches hold: given back, kept for reuse.
#pragma once

#include <optional>
#include <vector>

#include "heap/collect.h"
#include "heap/words.h"

namespace inquest::heap::tcmalloc {

/// Bytes of an object by class; class 0 is "large". Found in a module's data by its shape.
std::optional<std::vector<uint32_t>> find_size_classes(Words& words, AddressRange data);

struct CachedObject {
  uint64_t at = 0;
  uint32_t size_class = 0;
  bool met = false;  ///< found as an object that is given out, as it should be
};
struct Caches {
  std::vector<CachedObject> objects = {};  ///< ascending by address, each once
  std::vector<uint64_t> threads = {};      ///< addresses of the ThreadCaches
  bool central = false;                    ///< whether the transfer caches were found
};
/// Lists that contradict themselves are faults.
Caches find_caches(const snapshot::Snapshot& process, AddressRange data,
                   const std::vector<uint32_t>& sizes, Collector& collector);

}  // namespace inquest::heap::tcmalloc
