#include "objects/typing.h"

#include <algorithm>

#include "base/parallel.h"
#include "objects/references/block_index.h"
#include "objects/types/buffers.h"
#include "objects/types/interiors.h"
#include "objects/types/likeness.h"
#include "objects/types/linked.h"
#include "objects/types/propagate.h"
#include "objects/types/shapes.h"
#include "objects/types/thread_locals.h"
#include "objects/types/whole_arrays.h"

namespace inquest::objects {

std::string_view name(How how) {
  switch (how) {
    case How::unknown:
      return "unknown";
    case How::virtual_table:
      return "virtual table";
    case How::rtti:
      return "rtti";
    case How::holder:
      return "holder";
    case How::container:
      return "container";
    case How::text:
      return "text";
    case How::shape:
      return "shape";
    case How::likeness:
      return "likeness";
  }
  return "unknown";
}

struct Typing::Impl {
  std::vector<TypeInfo> types;
  std::vector<BlockType> blocks;
  std::vector<TypeSum> census;
  std::vector<TypeConflict> conflicts;
  uint64_t conflict_count = 0;
  std::vector<TypedPlace> places;
  std::vector<InteriorObject> interiors;
  uint64_t own_bytes = 0;

  void find(const TypingInput& input);
  void collect_places(const TypingInput& input);
  void count(const TypingInput& input);
};

namespace {

constexpr size_t kMostPlaces = 8 << 20;

void add_global(const TypingInput& input, const ModuleTypes& module,
                const symbols::TypeReader::Global& global, std::vector<TypedPlace>& places) {
  if (!global.type || places.size() >= kMostPlaces) return;
  TypedPlace place{.type = global.type, .reader = module.types, .name = global.name};
  if (!global.is_thread_local) {
    place.at = module.module->range.begin + global.begin.value;
    if (module.module->range.contains(place.at)) places.push_back(std::move(place));
    return;
  }
  for (const snapshot::Thread& thread : input.process.threads) {
    auto block = thread_local_block(input.process, *module.module, thread);
    if (!block) continue;
    place.at = *block + global.begin.value;
    place.thread = thread.id;
    places.push_back(place);
  }
}

}  // namespace

void Typing::Impl::collect_places(const TypingInput& input) {
  for (const ModuleTypes& module : input.modules) {
    if (!module.types || !module.module) continue;
    module.types->each_global([&](const symbols::TypeReader::Global& global) {
      add_global(input, module, global, places);
    });
  }
}

void Typing::Impl::count(const TypingInput& input) {
  std::vector<TypeSum> sums(types.size());
  for (size_t i = 0; i < blocks.size(); ++i) {
    const heap::Block& block = input.heaps.blocks[i];
    if (block.state() != heap::State::used) continue;
    const BlockType& type = blocks[i];
    TypeSum& sum = sums[type.type];
    sum.type = type.type;
    ++sum.blocks;
    ++sum.by[static_cast<size_t>(type.how)];
    sum.bytes += block.size;
    const uint64_t size = types[type.type].size;
    sum.objects += type.is_array && size != 0
                       ? std::max<uint64_t>(1, (block.size - (type.behind_count ? 8 : 0)) / size)
                       : 1;
  }
  std::erase_if(sums, [](const TypeSum& sum) { return sum.blocks == 0; });
  std::ranges::stable_sort(sums, std::greater(), &TypeSum::bytes);
  census = std::move(sums);
}

void Typing::Impl::find(const TypingInput& input) {
  TypeTable table(input.modules, input.containers, snapshot::pointer_size(input.process.arch));
  VirtualTables tables(input, table);
  BlockIndex index(input.heaps.blocks);
  Propagation propagation(input, table, tables, index);
  // First: reading the globals makes the indices that finding types by name needs.
  collect_places(input);
  Interiors interior_objects(input, table, tables, index, propagation);
  propagation.seed_tables(tables);
  for (const TypedPlace& place : places) propagation.seed_place(place, false);
  propagation.run();
  // Locals may lie uninitialised: what they lead to does not outweigh what is known.
  for (const TypedPlace& place : input.places) propagation.seed_place(place, true);
  propagation.run();
  interior_objects.find();
  find_whole_arrays(input, table, index, interior_objects, propagation);
  propagation.run();
  propagation.find_text();
  find_shapes(input, table, index, propagation);
  find_buffers(input, table, index, propagation);
  // Guesses, last.
  find_linked(input, table, index, propagation);
  propagation.run();
  find_likeness(input, table, index, tables, propagation);
  propagation.run();
  interiors = interior_objects.take();
  places.insert(places.end(), input.places.begin(), input.places.end());
  std::ranges::stable_sort(places, {}, &TypedPlace::at);
  conflicts = propagation.conflicts();
  conflict_count = propagation.conflict_count();
  own_bytes = propagation.own_bytes() + index.own_bytes() +
              interiors.capacity() * sizeof(InteriorObject) +
              places.capacity() * (sizeof(TypedPlace) + 32) +
              table.types().capacity() * (sizeof(TypeInfo) + sizeof(Layout) + 128);
  blocks = propagation.take();
  types = table.take();
  count(input);
}

Typing Typing::find(const TypingInput& input) {
  auto impl = std::make_unique<Impl>();
  impl->types.push_back({});
  if (!input.heaps.blocks.empty() && input.heaps.blocks.size() < (1u << 31)) {
    impl->types.clear();
    const ThreadLimit limit(input.threads);
    impl->find(input);
  }
  return Typing(std::move(impl));
}

Typing::Typing(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Typing::~Typing() = default;
Typing::Typing(Typing&&) noexcept = default;

BlockType Typing::of(BlockId block) const {
  return block < impl_->blocks.size() ? impl_->blocks[block] : BlockType{};
}
const std::vector<TypeInfo>& Typing::types() const { return impl_->types; }
TypeIndex Typing::find_type(std::string_view qualified_name) const {
  for (const TypeSum& sum : impl_->census) {
    if (sum.type != 0 && impl_->types[sum.type].name == qualified_name) return sum.type;
  }
  return 0;
}
const std::vector<TypeSum>& Typing::census() const { return impl_->census; }
const std::vector<TypeConflict>& Typing::conflicts() const { return impl_->conflicts; }
uint64_t Typing::conflict_count() const { return impl_->conflict_count; }
const std::vector<TypedPlace>& Typing::places() const { return impl_->places; }
const std::vector<InteriorObject>& Typing::interiors() const { return impl_->interiors; }
uint64_t Typing::size_of(const InteriorObject& object) const {
  return object.count * impl_->types[object.type].size;
}
const InteriorObject* Typing::interior_at(Address at) const {
  auto after = std::ranges::upper_bound(impl_->interiors, at, {}, &InteriorObject::at);
  if (after == impl_->interiors.begin()) return nullptr;
  const InteriorObject& object = *std::prev(after);
  return at - object.at < size_of(object) ? &object : nullptr;
}
uint64_t Typing::own_bytes() const { return impl_->own_bytes; }

}  // namespace inquest::objects
