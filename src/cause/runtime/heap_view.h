/// What the allocators of the process say of an address.
#pragma once

#include <optional>
#include <string>

#include "cause/process.h"
#include "heap/heap.h"

namespace inquest::cause {

struct HeldBlock {
  heap::Block block;
  std::string allocator;  ///< "glibc"
};

/// The heaps are found at the first question, and not at all where they would take seconds: the
/// answers are absent then. Borrows the process; for one thread.
class HeapView {
 public:
  explicit HeapView(const Process& process) : process_(process) {}

  /// The block whose bytes hold `at`. Absent: no allocator that is known has it, or the heap
  /// contradicts itself right beside it.
  std::optional<HeldBlock> at(Address at);

 private:
  const heap::Heaps& heaps();

  const Process& process_;
  std::optional<heap::Heaps> heaps_;
};

}  // namespace inquest::cause
