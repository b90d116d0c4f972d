/// Who keeps what alive: dominators of the graph of blocks, and retained sizes.
///
/// A block dominates another when every chain of pointers from the roots passes it: without it the
/// other would be freed. Its retained size is its own and that of all it dominates. Roots are nodes
/// too, so that a global or a thread can be what keeps: each RootOwner stands between all roots and
/// its blocks.
///
/// A thread that looks at an element of a global map does not keep the map. So there are tiers: a
/// block counts to what globals, thread-local data and mappings reach; if they do not, to what
/// stacks and registers reach; else to roots that point into some middle; else it is lost. What
/// points to a block from a later tier is not counted among its chains. Lost blocks have as root
/// the head of their group.
///
/// The algorithm: dominators/dominator_tree.h. Reading is safe from any thread.
#pragma once

#include <cstdint>
#include <functional>
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
  Address at = {};      ///< of the variable; 0 when it has none
  uint32_t thread = 0;  ///< id; 0 when it is nobody's
};

/// A node: a block, or (from kFirstOwner on) an owner.
using Node = uint32_t;
inline constexpr Node kFirstOwner = 1u << 31;
inline constexpr Node kAllRoots = UINT32_MAX;    ///< several owners together keep it
inline constexpr Node kNobody = UINT32_MAX - 1;  ///< above the lost; of what is no used block
inline constexpr bool is_block(Node node) { return node < kFirstOwner; }
inline constexpr bool is_owner(Node node) { return node >= kFirstOwner && node < kNobody; }

class Dominators {
 public:
  /// `owner_of[i]` is the index into `owners` of references.roots()[i]. Borrows heaps and
  /// references for the call only.
  static Dominators find(const heap::Heaps& heaps, const References& references,
                         std::vector<RootOwner> owners, const std::vector<uint32_t>& owner_of);
  ~Dominators();
  Dominators(Dominators&&) noexcept;

  /// The next node up: a block, an owner or kAllRoots. Of a block that is lost, and that no single
  /// lost block keeps, kNobody; of kAllRoots, kNobody and blocks that are not used, too.
  Node parent(Node node) const;
  /// Of an owner: of all that it alone keeps; of kAllRoots: of all that is kept; of kNobody: of all
  /// that is lost.
  uint64_t retained_bytes(Node node) const;
  uint64_t retained_blocks(Node node) const;  ///< a block counts itself
  /// The nodes right below, largest first. kAllRoots: owners, and blocks that several keep.
  std::vector<Node> children(Node node) const;
  /// The first of them, without sorting; kNobody when there is none.
  Node largest_child(Node node) const;
  /// Calls take(block) for every block below `node`, itself excepted, in no order.
  void each_below(Node node, const std::function<void(BlockId)>& take) const;
  /// The same for those right below.
  void each_child(Node node, const std::function<void(Node)>& take) const;

  const std::vector<RootOwner>& owners() const;
  /// The most bytes of this tool's memory that it took, the graph not counted.
  uint64_t own_bytes() const;

 private:
  struct Impl;
  explicit Dominators(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace inquest::objects
