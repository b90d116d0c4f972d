/// Of every block the last step of a shortest chain of pointers from a root. 8 bytes a block.
#pragma once

#include <vector>

#include "objects/references.h"

namespace inquest::cause {

struct RootChains {
  static constexpr uint32_t kNobody = UINT32_MAX;  ///< a root itself points there, or nobody does
  std::vector<objects::BlockId> before = {};
  std::vector<uint32_t> steps = {};  ///< pointers, the root's included; 0: no root leads there
};

/// In tiers: globals, thread-local data and mappings; then stacks and registers; then roots that
/// point into some middle. O(blocks + edges).
inline RootChains find_root_chains(size_t blocks, const objects::References& references) {
  RootChains chains{.before = std::vector(blocks, RootChains::kNobody),
                    .steps = std::vector<uint32_t>(blocks)};
  auto tier_of = [](const objects::Root& root) {
    if (root.into == objects::Into::middle) return 2;
    bool is_brief =
        root.kind == objects::RootKind::stack || root.kind == objects::RootKind::registers;
    return is_brief ? 1 : 0;
  };
  std::vector<objects::BlockId> queue;
  for (int tier = 0; tier < 3; ++tier) {
    queue.clear();
    for (const objects::Root& root : references.roots()) {
      if (tier_of(root) != tier || chains.steps[root.block] != 0) continue;
      chains.steps[root.block] = 1;
      queue.push_back(root.block);
    }
    for (size_t i = 0; i < queue.size(); ++i) {
      for (objects::BlockId next : references.from(queue[i])) {
        if (chains.steps[next] != 0) continue;
        chains.steps[next] = chains.steps[queue[i]] + 1;
        chains.before[next] = queue[i];
        queue.push_back(next);
      }
    }
  }
  return chains;
}

}  // namespace inquest::cause
