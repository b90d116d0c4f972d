/// Which pointers into the middle of a block are made by rule.
///
/// Source: Valgrind manual, 4.2.8 (--leak-check-heuristics); Itanium C++ ABI 2.7 (array
/// cookies), 2.5 (virtual tables); the old ABI of libstdc++'s string (_Rep: length, capacity,
/// count); what servers and interpreters were seen to do (docs/heap-on-servers.md; each rule names
/// its source). Sizes that programs asked for are not known, only what they may use, so sizes are
/// compared with the slack of size classes. Borrows; safe from any thread.
#pragma once

#include <vector>

#include "heap/heap.h"
#include "objects/references.h"
#include "snapshot/snapshot.h"

namespace inquest::objects {

class InteriorRules {
 public:
  explicit InteriorRules(const snapshot::Snapshot& process);

  /// `at` lies in `block`, behind its begin.
  Into classify(const heap::Block& block, uint64_t at) const;

 private:
  std::optional<uint64_t> word(uint64_t at) const;
  bool is_virtual_table(uint64_t at) const;
  Into classify_unaligned(const heap::Block& block, uint64_t offset) const;
  bool is_sds(const heap::Block& block, uint64_t offset) const;
  bool is_tree_node(const heap::Block& block) const;
  bool names_block(const heap::Block& block, uint64_t word, uint64_t first) const;
  bool is_in_pool(const heap::Block& block, uint64_t at) const;
  bool is_python_object(uint64_t at) const;

  const snapshot::Snapshot& process_;
  unsigned word_size_;
  std::vector<AddressRange> constants_;  ///< of modules: neither writable nor executable; ascending
};

}  // namespace inquest::objects
