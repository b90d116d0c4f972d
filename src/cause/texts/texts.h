/// What texts fill a heap, by pattern, and who holds them.
#pragma once

#include "answer/texts.h"
#include "cause/process.h"
#include "heap/heap.h"
#include "objects/typing.h"

namespace inquest::cause {

struct TextQuestion {
  size_t patterns = 1 << 16;  ///< kept while the heap is read: some 400 bytes each
  size_t told = 2000;
  size_t with_holders = 200;  ///< of the told ones, the first so many
  size_t threads = 0;         ///< 0: all cores
};

/// Reads all used blocks once; texts of six characters and more, as the table `strings` of the SQL
/// interface has them, and CP949. The answer does not depend on the number of threads. Never fails.
answer::Texts describe_texts(const Process& process, const heap::Heaps& heaps,
                             const objects::References& references, const objects::Typing& typing,
                             const TextQuestion& question);

}  // namespace inquest::cause
