/// Where in a process the pointers lie that keep blocks alive.
///
/// Sources: glibc nptl/allocatestack.c (the thread's descriptor lies above its stack, thread-local
/// data between; a dead thread's stack is kept for the next); psABI x86-64 3.2.2 (red zone). Pure
/// functions; safe from any thread.
#pragma once

#include <vector>

#include "heap/heap.h"
#include "objects/references.h"
#include "snapshot/snapshot.h"

namespace inquest::objects {

struct RootRange {
  AddressRange range;
  RootKind kind;
  uint32_t thread = 0;  ///< of stacks and thread-local data; 0: a dead one, or not known
};

struct RootPlaces {
  /// By kind, ascending within it. Nothing that an allocator owns is in them (a stack that the
  /// program took from an allocator excepted), and nothing twice.
  std::vector<RootRange> ranges = {};
  /// The words in which the C library keeps a thread's pointer into the middle of its own vector of
  /// thread-local blocks. Ascending.
  std::vector<Address> vector_words = {};
};

RootPlaces find_root_places(const snapshot::Snapshot& process, const heap::Heaps& heaps,
                            bool with_mappings);

}  // namespace inquest::objects
