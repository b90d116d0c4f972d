/// The graph of the blocks backwards: who points to a block, and the shortest ways to it.
///
/// Built by counting, for those who ask about single blocks: 4 bytes an edge and a block. Values;
/// reading is safe from any thread.
#pragma once

#include <span>
#include <vector>

#include "objects/references.h"

namespace inquest::objects {

class Referrers {
 public:
  /// `blocks`: how many there are, of all states. Empty when there are 2^32 edges or more.
  static Referrers find(size_t blocks, const References& references);
  /// The used blocks that point to `block`, ascending, each once.
  std::span<const BlockId> to(BlockId block) const;

 private:
  std::vector<uint32_t> begins_;  // a block: of its row; one more at the end
  std::vector<BlockId> sources_;
};

/// A chain of pointers from a root.
struct RootPath {
  size_t root = 0;                   ///< index into References::roots()
  std::vector<BlockId> blocks = {};  ///< from what the root points to, to the block; at least one
};

/// Of each owner (`owner_of[i]` owns roots()[i]) the shortest path to the block, shortest first, at
/// most `limit`. Roots that point into some middle only where there are no others.
std::vector<RootPath> shortest_paths(const References& references, const Referrers& referrers,
                                     const std::vector<uint32_t>& owner_of, BlockId block,
                                     size_t limit);

}  // namespace inquest::objects
