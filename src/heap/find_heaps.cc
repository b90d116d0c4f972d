#include <algorithm>

#include "heap/heap.h"
#include "heap/jemalloc/jemalloc.h"
#include "heap/mimalloc/mimalloc.h"
#include "heap/tcmalloc/tcmalloc.h"

namespace inquest::heap {

Heaps find_heaps(const Input& input) {
  Heaps heaps;
  find_jemalloc(input, heaps);
  find_mimalloc(input, heaps);
  find_tcmalloc(input, heaps);
  auto before = [](const Block& a, const Block& b) { return a.begin < b.begin; };
  // Sorted already when there is one allocator: sorting millions again would be a third of the
  // time.
  if (!std::is_sorted(heaps.blocks.begin(), heaps.blocks.end(), before)) {
    std::sort(heaps.blocks.begin(), heaps.blocks.end(), before);
  }
  std::stable_sort(heaps.faults.begin(), heaps.faults.end(),
                   [](const Fault& a, const Fault& b) { return a.at < b.at; });
  return heaps;
}

}  // namespace inquest::heap
