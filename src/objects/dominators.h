/// Who keeps what alive: dominators of the graph of blocks, and retained sizes.
///
/// A block dominates another when every chain of pointers from the roots passes it: without it the
/// other would be freed. Its retained size is its own and that of all it dominates. Roots are nodes
/// too, so that a global or a thread can be what keeps: each RootOwner stands between all roots and
/// its blocks. Immediate dominators by semi-NCA over the compressed rows (Georgiadis, "Linear-Time
/// Algorithms for Dominators and Related Problems", Princeton 2005, 2.3); no recursion, linear but
/// for path compression. Lost blocks have as root the head of their group. Borrows heaps and
/// references; reading is safe from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "objects/references.h"

namespace inquest::objects {

/// Somebody outside the heap who keeps blocks: "global g_rooms", "thread 12 worker, stack".
struct RootOwner {
  std::string name = {};
  RootKind kind = RootKind::global;
  Address at = {};       ///< of the variable; 0 when it has none
  uint32_t thread = 0;   ///< id; 0 when it is nobody's
};

/// A node: a block, or (from kFirstOwner on) an owner.
using Node = uint32_t;
inline constexpr Node kFirstOwner = 1u << 31;
inline constexpr Node kAllRoots = UINT32_MAX;     ///< several owners together keep it
inline constexpr Node kNobody = UINT32_MAX - 1;   ///< not a used block

class Dominators {
 public:
  /// `owner_of[i]` is the index into `owners` of references.roots()[i].
  static Dominators find(const heap::Heaps& heaps, const References& references,
                         std::vector<RootOwner> owners, const std::vector<uint32_t>& owner_of);
  ~Dominators();
  Dominators(Dominators&&) noexcept;

  /// The next node up: a block, an owner or kAllRoots. Of the head of a lost group: kNobody.
  Node parent(Node node) const;
  uint64_t retained_bytes(Node node) const;   ///< of an owner: of all that it alone keeps
  uint64_t retained_blocks(Node node) const;  ///< with itself
  /// The nodes right below, largest first. kAllRoots: owners, and blocks that several keep.
  std::vector<Node> children(Node node) const;
  const std::vector<RootOwner>& owners() const;
  uint64_t own_bytes() const;

 private:
  struct Impl;
  explicit Dominators(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace inquest::objects
