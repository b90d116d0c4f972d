#include "cause/heap/heap_map.h"

#include <algorithm>

#include "cause/heap/keeper_tree.h"
#include "cause/heap/objects.h"
#include "cause/heap/owners.h"
#include "cause/heap/reference_map.h"
#include "cause/heap/suspects.h"
#include "objects/containers.h"

namespace inquest::cause {
namespace {

using objects::BlockId;

BlockTypes types_of(const heap::Heaps& heaps, const objects::Typing& typing) {
  return {.type_of = [&](const heap::Block& block) -> uint64_t {
            return typing.of(static_cast<BlockId>(&block - heaps.blocks.data())).type;
          },
          .name_of = [&](uint64_t type) { return typing.types()[type].name; }};
}

/// Suspects and what the suspected bytes hang on, then the largest of the tree, then what is lost.
std::vector<BlockId> seeds_of(const answer::HeapMap& map, const heap::Heaps& heaps,
                              const objects::References& references) {
  constexpr size_t kLost = 20;
  std::vector<BlockId> seeds;
  auto add = [&](Address at) {
    const heap::Block* block = heaps.block_at(at);
    if (block && block->state() == heap::State::used)
      seeds.push_back(static_cast<BlockId>(block - heaps.blocks.data()));
  };
  for (const answer::Suspect& suspect : map.suspects) {
    if (suspect.holder) add(*suspect.holder);
    if (suspect.inside) add(*suspect.inside);
  }
  std::vector<const answer::MapNode*> blocks;
  for (const answer::MapNode& node : map.nodes) {
    if (node.kind == answer::MapKind::blocks && node.at) blocks.push_back(&node);
  }
  std::ranges::stable_sort(blocks, std::greater(), &answer::MapNode::bytes);
  const size_t lost = std::min(kLost, references.leaks().size());
  for (size_t i = 0; i < lost; ++i) seeds.push_back(references.leaks()[i].head);
  for (const answer::MapNode* node : blocks) add(*node->at);
  return seeds;
}

}  // namespace

answer::HeapMap describe_heap_map(const Process& process, const heap::Heaps& heaps,
                                  const objects::References& references,
                                  const objects::Typing& typing, const HeapMapQuestion& question) {
  answer::HeapMap map;
  // Without a type there is nothing to fail.
  if (auto census = describe_objects(process, heaps, references, typing, {.with_retained = false}))
    map.objects = std::move(*census);
  const BlockTypes types = types_of(heaps, typing);
  const objects::Descriptions& containers = process.containers();
  TypeNames names(types, [&](std::string_view name) { return containers.plain_type(name); });
  RootOwners roots = find_owners(process, references.roots());
  auto dominators =
      objects::Dominators::find(heaps, references, std::move(roots.owners), roots.owner_of);

  const auto retained = retained_by_type(heaps, dominators, names);
  for (const objects::TypeSum& sum : typing.census()) {
    auto known = retained.find(sum.type);
    map.sums.push_back({names.index_of(sum.type), known == retained.end() ? 0 : known->second});
  }
  map.sums.resize(map.objects.census.size());
  map.suspects = find_suspects({heaps, references, dominators, roots.owner_of, types});
  KeeperTree tree = find_keeper_tree({heaps, dominators, names, question.nodes});
  map.nodes = std::move(tree.nodes);
  map.left_out = tree.left_out;
  ReferenceMap around = find_reference_map({.process = process,
                                            .heaps = heaps,
                                            .references = references,
                                            .typing = typing,
                                            .dominators = dominators,
                                            .owner_of = roots.owner_of,
                                            .types = names,
                                            .seeds = seeds_of(map, heaps, references),
                                            .limit = question.explored});
  map.explored = std::move(around.objects);
  map.places = std::move(around.places);
  map.types = names.take();
  map.objects.own_bytes += dominators.own_bytes();
  return map;
}

}  // namespace inquest::cause
