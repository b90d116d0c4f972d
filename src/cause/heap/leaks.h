/// Says of the lost blocks of a process what a person can act on.
#pragma once

#include "answer/leaks.h"
#include "cause/heap/block_types.h"
#include "cause/process.h"
#include "heap/heap.h"
#include "objects/references.h"

namespace inquest::cause {

struct LeakQuestion {
  objects::ReferenceOptions options = {};
  bool with_blocks = false;  ///< list every lost block, not only shapes
  /// Find what keeps the rest. Absent: if the heap is so small that it takes no time.
  std::optional<bool> with_suspects = {};
  BlockTypes types = {};  ///< by virtual tables when there are none
  /// What is known to lie in the blocks of each arena, as Heaps::arenas; may be shorter.
  std::vector<std::string> arena_types = {};
};

/// Never fails: what is not known is a warning. `references` was found with question.options.
answer::Leaks describe_leaks(const Process& process, const heap::Heaps& heaps,
                             const objects::References& references, const LeakQuestion& question);

}  // namespace inquest::cause
