#include "heap/heap.h"

#include <algorithm>

namespace inquest::heap {

std::string_view name(State state) {
  switch (state) {
    case State::used:
      return "used";
    case State::cached:
      return "cached";
    case State::free:
      return "free";
    case State::unused:
      return "unused";
  }
  return "unknown";
}

const Block* Heaps::block_at(Address at) const {
  auto next = std::upper_bound(blocks.begin(), blocks.end(), at.value,
                               [](uint64_t a, const Block& block) { return a < block.begin; });
  if (next == blocks.begin()) return nullptr;
  --next;
  return next->range().contains(at) ? &*next : nullptr;
}

}  // namespace inquest::heap
