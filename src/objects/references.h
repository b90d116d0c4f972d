/// Who points at whom: the graph of the blocks of a process, and what nobody can reach.
///
/// One pass over the memory of the process finds every word that is the address of a block (its
/// begin, or any byte in it); the edges lie in compressed rows. Roots are registers, the stacks
/// above their stack pointers (with the red zone), the writable data of modules, thread-local
/// storage, and, unless switched off, anonymous mappings that no allocator owns. What no root
/// reaches is leaked: a group has a head (a block that no other unreachable block points to, or one
/// of a cycle) and what is lost with it. The terms are memcheck's: definitely lost (no pointer at
/// all), possibly lost (reached by pointers into the middle only), indirectly lost (held by a lost
/// block).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "heap/heap.h"
#include "snapshot/snapshot.h"

namespace inquest::objects {

using BlockId = uint32_t;  ///< index into Heaps::blocks

enum class RootKind : uint8_t { registers, stack, global, thread_local_data, mapping };

struct ReferenceOptions {
  /// Words are compared after `word & ~pointer_mask`: for pointers that carry tags. 0: as they are.
  uint64_t pointer_mask = 0;
  /// Anonymous mappings that no allocator owns hold roots.
  bool mappings_are_roots = true;
  size_t threads = 0;  ///< 0: all cores
};

/// One place that keeps a block alive by itself.
struct Root {
  RootKind kind;
  Address at;           ///< of the word; of a register: 0
  uint32_t thread = 0;  ///< of a register or stack: the thread's id
  BlockId block;
  bool interior = false;  ///< points behind the block's begin
};

/// Blocks that are used, no root reaches, and one head holds.
struct LeakGroup {
  BlockId head;
  bool possible = false;  ///< a root or another block points into its middle
  uint64_t blocks = 0;    ///< with the head
  uint64_t bytes = 0;     ///< usable bytes, with the head's
};

class References {
 public:
  /// Borrows both; they must outlive it.
  static References find(const snapshot::Snapshot& process, const heap::Heaps& heaps,
                         const ReferenceOptions& options);
  ~References();
  References(References&&) noexcept;

  /// The used blocks that `block` points to, ascending, each once.
  std::span<const BlockId> from(BlockId block) const;
  const std::vector<Root>& roots() const;
  bool reachable(BlockId block) const;
  /// Largest first.
  std::vector<LeakGroup> leaks() const;
  /// Bytes that the graph takes in this tool's memory.
  uint64_t own_bytes() const;

 private:
  struct Impl;
  explicit References(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace inquest::objects
