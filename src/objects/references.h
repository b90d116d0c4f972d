/// Who points at whom: the graph of the blocks of a process, and what nobody can reach.
///
/// One pass over the memory of the process finds every aligned word that is the address of a block
/// (its begin, or any byte in it); the edges lie in compressed rows. Only used blocks point and are
/// pointed at. Roots are registers, the stacks above their stack pointers (with the red zone), the
/// data of modules, thread-local storage, and, unless switched off, mappings that no allocator
/// owns. What no root reaches is leaked: a group has a head (a block that no other unreachable
/// block points to, or the lowest of a cycle) and what is lost with it; what two heads reach counts
/// to the one at the lower address.
///
/// The terms are memcheck's: definitely lost (no pointer at all), possibly lost (reached by
/// pointers into the middle only), indirectly lost (held by a lost block). As there, pointers into
/// the middle that C++ and libraries make by rule are as good as pointers to the begin (`Into`).
/// Source: Valgrind manual, 4.2.8 "Memory leak detection", for the terms and the rules of interior
/// pointers.
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

using BlockId = uint32_t;  ///< index into Heaps::blocks; less than 2^31

enum class RootKind : uint8_t { registers, stack, global, thread_local_data, mapping };
inline constexpr size_t kRootKinds = 5;
std::string_view name(
    RootKind kind);  ///< "registers", "stack", "global", "thread-local", "mapping"

/// What of a block a word points to, and by which rule it keeps the block.
enum class Into : uint8_t {
  begin,
  array,          ///< behind the count that `new T[n]` keeps for destructors
  base_class,     ///< at a second virtual table: a base of an object of several bases
  string,         ///< at the characters of a copy-on-write std::string, or of an SDS (redis)
  length,         ///< behind a 64-bit length (SQLite)
  back_pointer,   ///< at a structure whose first words name the block that it lies in
  pool,           ///< at an object cut from a block whose head says up to where it is used
  collected,      ///< at an object of CPython's, behind the head for its collector
  tree_node,      ///< at a node of tsearch's tree, with the colour in the lowest bit
  thread_vector,  ///< a thread's own pointer to its vector of thread-local blocks
  middle,  ///< anywhere else: it may be chance. Also at the begin, where that is the end of a
           ///< vector that fills the block before
};
std::string_view name(Into into);  ///< "begin", "base class", "thread vector", "middle"

struct ReferenceOptions {
  /// Words are compared after `word & ~pointer_mask`: for pointers that carry tags. 0: as they are.
  uint64_t pointer_mask = 0;
  /// Mappings that no allocator owns, neither a module's nor a stack, hold roots.
  bool mappings_are_roots = true;
  size_t threads = 0;  ///< 0: all cores
};

/// One place that keeps a block alive by itself.
struct Root {
  Address at;  ///< of the word; of a register: 0
  BlockId block;
  uint32_t thread = 0;  ///< of a register, stack or thread-local word: the thread's id
  RootKind kind;
  Into into = Into::begin;
};

enum class Reach : uint8_t {
  none,      ///< not a used block
  lost,      ///< no chain of pointers from a root
  possible,  ///< only chains that pass a pointer into some middle
  reachable,
};

/// Blocks that are used, no root reaches (or only doubtfully), and one head holds.
struct LeakGroup {
  BlockId head;
  bool possible = false;  ///< a root or reachable block points into its middle
  uint64_t blocks = 0;    ///< with the head
  uint64_t bytes = 0;     ///< usable bytes, with the head's
};

struct Sum {
  uint64_t blocks = 0, bytes = 0;
};

/// How much of each thing was found.
struct ReferenceTotals {
  Sum reachable, definite, indirect, possible;  ///< `possible` with what hangs on the heads
  uint64_t edges = 0;
  uint64_t scanned_bytes = 0;  ///< of blocks and roots
  uint64_t missing_bytes = 0;  ///< of used blocks and roots, not in the dump
  struct {
    uint64_t ranges = 0, bytes = 0, pointers = 0;
  } roots[kRootKinds];
};

/// Words that would be addresses of blocks' begins without their top 16 bits.
struct TaggedPointers {
  uint64_t words = 0;
  uint64_t mask = 0;            ///< the top bits that occur
  uint64_t to_lost_blocks = 0;  ///< of those words (the first million), how many name lost blocks
};

class References {
 public:
  /// Borrows both; they must outlive it. A heap of more than 2^31 blocks gives an empty graph.
  static References find(const snapshot::Snapshot& process, const heap::Heaps& heaps,
                         const ReferenceOptions& options);
  ~References();
  References(References&&) noexcept;

  /// The used blocks that `block` points to, itself excepted, ascending, each once.
  std::span<const BlockId> from(BlockId block) const;
  /// By kind, then ascending by address.
  const std::vector<Root>& roots() const;
  Reach reach(BlockId block) const;
  bool reachable(BlockId block) const { return reach(block) == Reach::reachable; }
  /// Largest first.
  const std::vector<LeakGroup>& leaks() const;
  /// Of a lost or possibly lost block, the head of its group; kNone for others.
  BlockId head_of(BlockId block) const;
  static constexpr BlockId kNone = UINT32_MAX;

  const ReferenceTotals& totals() const;
  /// Absent words: none were found, or a mask was given.
  const TaggedPointers& tagged() const;
  /// Bytes that the graph takes in this tool's memory, the most that it took while it was made.
  uint64_t own_bytes() const;

 private:
  struct Impl;
  explicit References(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace inquest::objects
