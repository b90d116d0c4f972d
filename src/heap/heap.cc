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

const Origin* Heaps::origin_of(const Block& block) const {
  if (origins.empty() || &block < blocks.data() || &block >= blocks.data() + blocks.size())
    return nullptr;
  auto index = static_cast<uint32_t>(&block - blocks.data());
  auto found = std::ranges::lower_bound(origins, index, {}, &Origin::block);
  return found != origins.end() && found->block == index ? &*found : nullptr;
}

}  // namespace inquest::heap
