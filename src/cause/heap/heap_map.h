/// Puts together what the page about a heap holds: census, tree of keepers, who points at whom.
#pragma once

#include "answer/heap_map.h"
#include "cause/process.h"
#include "objects/typing.h"

namespace inquest::cause {

struct HeapMapQuestion {
  size_t nodes = 3000;     ///< of the tree
  size_t explored = 1000;  ///< objects with their neighbours
};

/// Never fails: what is not known is a warning. Linear in the heap.
answer::HeapMap describe_heap_map(const Process& process, const heap::Heaps& heaps,
                                  const objects::References& references,
                                  const objects::Typing& typing, const HeapMapQuestion& question);

}  // namespace inquest::cause
