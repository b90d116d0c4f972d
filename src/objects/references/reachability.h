/// What of a graph roots reach, surely or doubtfully. Linear; no recursion.
#pragma once

#include <vector>

#include "objects/references/rows.h"

namespace inquest::objects {

/// A Reach for every block.
std::vector<Reach> find_reach(const heap::Heaps& heaps, const Rows& rows,
                              const std::vector<Root>& roots);

}  // namespace inquest::objects
