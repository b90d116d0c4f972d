#include "cause/places.h"

#include <algorithm>

#include "cause/heap/owners.h"

namespace inquest::cause {

using answer::RefPlace;
using objects::RootKind;
using objects::RootRange;

Places::Places(const Process& process, const heap::Heaps& heaps, bool with_mappings,
               const BlockTypes& types)
    : process_(process), heaps_(heaps), types_(types) {
  ranges_ = objects::find_root_places(process.snapshot(), heaps, with_mappings).ranges;
  std::ranges::sort(ranges_, {}, [](const RootRange& range) { return range.range.begin; });
}

RefPlace Places::of_block(const heap::Block& block, uint64_t offset) const {
  bool is_used = block.state() == heap::State::used;
  RefPlace place{.at = block.address() + offset,
                 .kind = is_used ? "block" : "freed block",
                 .begin = block.address(),
                 .size = block.size,
                 .offset = offset};
  if (is_used) place.type = types_.name_of(types_.type_of(block));
  return place;
}

RefPlace Places::of_word(const heap::Block& block, uint64_t offset) const {
  RefPlace place = of_block(block, offset);
  if (types_.member_of && block.state() == heap::State::used)
    place.member = types_.member_of(block, offset);
  return place;
}

RefPlace Places::of_word(Address at) const {
  const heap::Block* block = heaps_.block_at(at);
  return block && block->state() != heap::State::unused ? of_word(*block, at - block->address())
                                                        : of(at);
}

RefPlace Places::of_registers(uint32_t thread) const {
  return {.kind = "registers", .name = thread_title(process_.snapshot(), thread) + ", registers"};
}

RefPlace Places::of_root(Address at, const RootRange& range) const {
  RefPlace place{.at = at, .kind = std::string(objects::name(range.kind))};
  std::string thread = thread_title(process_.snapshot(), range.thread);
  switch (range.kind) {
    case RootKind::stack: {
      std::string function = frame_function(process_, range.thread, at);
      place.name = thread + (function.empty() ? ", stack" : ": " + function);
      return place;
    }
    case RootKind::thread_local_data:
      place.name = thread + ", thread-local data";
      return place;
    case RootKind::mapping:
      place.name = fmt::format("mapping at {}", range.range.begin);
      place.begin = range.range.begin;
      break;
    default:
      if (auto variable = variable_at(process_, at)) {
        place.name = "global " + variable->name;
        place.begin = variable->range.begin;
        place.size = variable->range.size();
      } else if (const auto* module = process_.snapshot().module_at(at)) {
        place.name = fmt::format("data of {}", module->file_name());
        place.begin = module->range.begin;
      }
  }
  if (place.begin) place.offset = at - *place.begin;
  return place;
}

RefPlace Places::of(Address at) const {
  const heap::Block* block = heaps_.block_at(at);
  if (block && block->state() != heap::State::unused)
    return of_block(*block, at - block->address());
  auto next = std::ranges::upper_bound(ranges_, at, {},
                                       [](const RootRange& range) { return range.range.begin; });
  if (next != ranges_.begin() && std::prev(next)->range.contains(at))
    return of_root(at, *std::prev(next));
  if (process_.snapshot().module_at(at))
    return {.at = at, .kind = "module", .name = process_.describe(at)};
  return {.at = at};
}

}  // namespace inquest::cause
