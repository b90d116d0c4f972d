/// Where an address of a process with a heap lies, for people.
#pragma once

#include <vector>

#include "answer/refs.h"
#include "cause/heap/block_types.h"
#include "cause/process.h"
#include "objects/references/root_ranges.h"

namespace inquest::cause {

/// Borrows all; one thread at a time.
class Places {
 public:
  Places(const Process& process, const heap::Heaps& heaps, bool with_mappings,
         const BlockTypes& types);

  /// "unknown" for what is neither a block, nor a root, nor in a module: unused stack, books of the
  /// allocator.
  answer::RefPlace of(Address at) const;
  answer::RefPlace of_block(const heap::Block& block, uint64_t offset = 0) const;
  /// The same of a word: with the member that it is.
  answer::RefPlace of_word(Address at) const;
  answer::RefPlace of_word(const heap::Block& block, uint64_t offset) const;
  answer::RefPlace of_registers(uint32_t thread) const;

 private:
  answer::RefPlace of_root(Address at, const objects::RootRange& range) const;

  const Process& process_;
  const heap::Heaps& heaps_;
  const BlockTypes& types_;
  std::vector<objects::RootRange> ranges_;  // ascending
};

}  // namespace inquest::cause
