#include <algorithm>

#include "heap/glibc/glibc.h"
#include "heap/heap.h"
#include "heap/jemalloc/jemalloc.h"
#include "heap/mimalloc/mimalloc.h"
#include "heap/msvc_debug/msvc_debug.h"
#include "heap/nt/nt.h"
#include "heap/segment/segment_heap.h"
#include "heap/tcmalloc/tcmalloc.h"
#include "heap/wine/wine.h"

namespace inquest::heap {
namespace {

template <void (*Find)(const Input&, Heaps&)>
Heaps alone(const Input& input) {
  Heaps heaps;
  Find(input, heaps);
  // Sorted already as a rule, and sorting millions again would be a third of the time.
  auto begin = [](const Block& block) { return uint64_t{block.begin}; };
  if (!std::ranges::is_sorted(heaps.blocks, {}, begin)) std::ranges::sort(heaps.blocks, {}, begin);
  return heaps;
}

/// Every allocator that is known. Each looks for itself; several in one process are normal.
constexpr Heaps (*kAllocators[])(const Input&) = {
    alone<find_jemalloc>,
    alone<find_mimalloc>,
    alone<find_tcmalloc>,
    glibc::find,
};
constexpr Heaps (*kWindowsAllocators[])(const Input&) = {
    alone<find_mimalloc>,
    alone<wine::find>,
    alone<nt::find>,
    alone<segment::find>,
};

bool begins_before(const Block& a, const Block& b) { return a.begin < b.begin; }

/// Adds what another allocator found; where blocks overlap, those that were there first stay.
void add_heaps(Heaps& all, Heaps&& more) {
  // An allocator that was not found may have left a warning.
  if (all.allocators.empty() && all.warnings.empty()) {
    all = std::move(more);
    return;
  }
  const size_t allocators = all.allocators.size(), arenas = all.arenas.size(),
               blocks = all.blocks.size();
  for (Arena& arena : more.arenas) arena.allocator += allocators;
  for (Fault& fault : more.faults) fault.arena += arenas;
  for (Block& block : more.blocks) block.arena = block.arena + arenas;
  auto append = [](auto& to, auto& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  append(all.allocators, more.allocators);
  append(all.arenas, more.arenas);
  append(all.faults, more.faults);
  append(all.warnings, more.warnings);
  std::stable_sort(all.faults.begin(), all.faults.end(),
                   [](const Fault& a, const Fault& b) { return a.at < b.at; });
  append(all.blocks, more.blocks);
  std::inplace_merge(all.blocks.begin(), all.blocks.begin() + static_cast<ptrdiff_t>(blocks),
                     all.blocks.end(), begins_before);
  uint64_t end = 0;
  std::erase_if(all.blocks, [&](const Block& block) {
    if (block.begin < end) return true;
    end = block.begin + block.size;
    return false;
  });
}

}  // namespace

Heaps find_heaps(const Input& input) {
  Heaps all;
  if (input.process.os != snapshot::Os::windows) {
    for (auto* find : kAllocators) add_heaps(all, find(input));
    return all;
  }
  for (auto* find : kWindowsAllocators) add_heaps(all, find(input));
  msvc_debug::peel(input, all);
  return all;
}

}  // namespace inquest::heap
