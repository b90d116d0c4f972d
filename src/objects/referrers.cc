#include "objects/referrers.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace inquest::objects {

Referrers Referrers::find(size_t blocks, const References& references) {
  Referrers found;
  if (references.totals().edges >= UINT32_MAX) return found;
  found.begins_.assign(blocks + 1, 0);
  auto count = static_cast<BlockId>(blocks);
  for (BlockId block = 0; block < count; ++block) {
    for (BlockId target : references.from(block)) ++found.begins_[target];
  }
  uint32_t sum = 0;
  for (uint32_t& begin : found.begins_) begin = sum += begin;
  found.sources_.resize(sum);
  for (BlockId block = count; block-- > 0;) {
    for (BlockId target : references.from(block)) found.sources_[--found.begins_[target]] = block;
  }
  return found;
}

std::span<const BlockId> Referrers::to(BlockId block) const {
  if (size_t{block} + 1 >= begins_.size()) return {};
  return std::span(sources_).subspan(begins_[block], begins_[block + 1] - begins_[block]);
}

namespace {

/// Backwards from a block, breadth first: who is met first has the shortest way.
class PathSearch {
 public:
  PathSearch(const References& references, const Referrers& referrers,
             const std::vector<uint32_t>& owner_of, size_t limit)
      : references_(references), referrers_(referrers), owner_of_(owner_of), limit_(limit) {
    const auto& roots = references.roots();
    order_.resize(std::min(roots.size(), owner_of.size()));
    for (uint32_t i = 0; i < order_.size(); ++i) order_[i] = i;
    std::ranges::stable_sort(order_, {}, [&](uint32_t i) { return roots[i].block; });
  }

  std::vector<RootPath> find(BlockId block) {
    // A block -> the next one on the way to the target; its own of the target.
    next_.emplace(block, block);
    std::vector<BlockId> queue{block};
    for (size_t at = 0; at < queue.size() && sure_.size() < limit_; ++at) {
      take_roots(queue[at]);
      for (BlockId source : referrers_.to(queue[at])) {
        if (next_.emplace(source, queue[at]).second) queue.push_back(source);
      }
    }
    return std::move(sure_.empty() ? doubtful_ : sure_);
  }

 private:
  void take_roots(BlockId block) {
    const auto& roots = references_.roots();
    auto at =
        std::ranges::lower_bound(order_, block, {}, [&](uint32_t i) { return roots[i].block; });
    for (; at != order_.end() && roots[*at].block == block; ++at) {
      bool is_doubtful = roots[*at].into == Into::middle;
      auto& paths = is_doubtful ? doubtful_ : sure_;
      auto& owners = is_doubtful ? doubtful_owners_ : sure_owners_;
      if (paths.size() >= limit_ || !owners.insert(owner_of_[*at]).second) continue;
      RootPath path{.root = *at, .blocks = {block}};
      for (BlockId step = block; next_[step] != step; path.blocks.push_back(step))
        step = next_[step];
      paths.push_back(std::move(path));
    }
  }

  const References& references_;
  const Referrers& referrers_;
  const std::vector<uint32_t>& owner_of_;
  size_t limit_;
  std::vector<uint32_t> order_;  // roots by block
  std::unordered_map<BlockId, BlockId> next_;
  std::vector<RootPath> sure_, doubtful_;
  std::unordered_set<uint32_t> sure_owners_, doubtful_owners_;
};

}  // namespace

std::vector<RootPath> shortest_paths(const References& references, const Referrers& referrers,
                                     const std::vector<uint32_t>& owner_of, BlockId block,
                                     size_t limit) {
  return PathSearch(references, referrers, owner_of, limit).find(block);
}

}  // namespace inquest::objects
