/// Who of the lost holds whom.
///
/// A head is a lost block that no other lost block points to; what remains without one hangs on
/// cycles, of which each that nothing else leads to has its lowest block as head (strongly
/// connected components, after Tarjan, SIAM J. Computing 1 (1972), without recursion). Each block
/// counts to one head: the lowest that reaches it, heads of trees before those of cycles. Linear.
#pragma once

#include <vector>

#include "objects/references/rows.h"

namespace inquest::objects {

/// Blocks of one Reach and their groups.
struct LostBlocks {
  std::vector<BlockId> blocks;  ///< ascending
  std::vector<BlockId> heads;   ///< of each
  std::vector<LeakGroup> groups;
  uint64_t own_bytes = 0;  ///< the most that finding it took, the above included
};

LostBlocks group_lost(const heap::Heaps& heaps, const Rows& rows, const std::vector<Reach>& reach,
                      Reach which);

}  // namespace inquest::objects
