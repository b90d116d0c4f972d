#include "query/holders.h"

#include <algorithm>
#include <numeric>

namespace inquest::query {

using objects::BlockId;

Holders Holders::find(size_t blocks, const objects::References& references) {
  Holders made;
  made.ends_.assign(blocks + 2, 0);
  // Counted one place further, so that filling a row moves its begin to where it belongs.
  for (BlockId block = 0; block < blocks; ++block) {
    for (BlockId target : references.from(block)) ++made.ends_[target + 2];
  }
  std::partial_sum(made.ends_.begin(), made.ends_.end(), made.ends_.begin());
  made.holders_.resize(made.ends_.back());
  for (BlockId block = 0; block < blocks; ++block) {
    for (BlockId target : references.from(block)) made.holders_[made.ends_[target + 1]++] = block;
  }
  made.ends_.pop_back();

  const auto& roots = references.roots();
  made.roots_.resize(roots.size());
  std::iota(made.roots_.begin(), made.roots_.end(), 0u);
  std::ranges::stable_sort(made.roots_, {}, [&](uint32_t i) { return roots[i].block; });
  for (uint32_t i : made.roots_) made.root_blocks_.push_back(roots[i].block);
  return made;
}

std::span<const uint32_t> Holders::roots_of(BlockId block) const {
  auto found = std::ranges::equal_range(root_blocks_, block);
  auto first = static_cast<size_t>(found.begin() - root_blocks_.begin());
  return {roots_.data() + first, found.size()};
}

}  // namespace inquest::query
