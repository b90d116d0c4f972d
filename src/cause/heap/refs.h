/// Who points to an address, what keeps it, and what it points to.
#pragma once

#include "answer/refs.h"
#include "cause/heap/block_types.h"
#include "cause/process.h"
#include "objects/references.h"

namespace inquest::cause {

struct RefsQuestion {
  Address at;  ///< of anything: a block, a byte in one, a variable
  objects::ReferenceOptions options = {};
  bool forward = false;  ///< what it points to, instead of who points to it
  bool freed = false;    ///< list words in freed blocks too
  uint64_t depth = 1;    ///< levels: who points to those, and so on
  size_t limit = 100;    ///< words of a level
  size_t paths = 4;
  BlockTypes types = {};  ///< by virtual tables when there are none
};

/// Never fails: what is not known is a warning. `references` was found with question.options.
/// Reads all memory once.
answer::Refs describe_refs(const Process& process, const heap::Heaps& heaps,
                           const objects::References& references, const RefsQuestion& question);

}  // namespace inquest::cause
