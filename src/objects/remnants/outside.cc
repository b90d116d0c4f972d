/// Objects by their virtual tables where no allocator says where an object begins.
#include <algorithm>

#include "objects/references/root_ranges.h"
#include "objects/remnants/context.h"

namespace inquest::objects {
namespace {

constexpr uint64_t kLargeBlock = 512;  // less is one object of something unknown

struct Searched {
  AddressRange range, container;
  RemnantPlace place;
};

/// Copies of pointers to virtual tables that are no objects lie in memory that is not written: the
/// tables of tables (VTT) of classes with virtual bases, type information.
bool is_written(const snapshot::Region* region) {
  return region && (!region->access || region->access->write);
}

void add_roots(const RemnantContext& context, std::vector<Searched>& out) {
  const snapshot::Snapshot& process = context.input.process;
  const snapshot::Module* last = nullptr;
  for (const RootRange& root : find_root_places(process, context.input.heaps, true).ranges) {
    const snapshot::Region* region = process.region_at(root.range.begin);
    if (!is_written(region)) continue;
    if (root.kind == RootKind::mapping) {
      out.push_back({root.range, region->range, RemnantPlace::mapping});
    } else if (root.kind == RootKind::global) {
      // The end of .bss is a mapping behind the module.
      const snapshot::Module* module = process.module_at(root.range.begin);
      if (!module) module = process.module_at(root.range.begin - 1);
      if (!module) module = last;
      last = module;
      if (!module || (!module->is_main && !context.options.data_of_libraries)) continue;
      out.push_back({root.range, module->range, RemnantPlace::data});
    }
  }
}

void add_blocks(const RemnantContext& context, std::vector<Searched>& out) {
  const auto& blocks = context.input.heaps.blocks;
  for (BlockId id = 0; id < blocks.size(); ++id) {
    if (blocks[id].size < kLargeBlock || blocks[id].state() != heap::State::used) continue;
    const BlockType type = context.typing.of(id);
    // Bytes of whatever meaning are not known either.
    if (type.type != 0 && context.typing.types()[type.type].size != 1) continue;
    if (type.how == How::text) continue;
    out.push_back({blocks[id].range(), blocks[id].range(), RemnantPlace::inside});
  }
}

/// What the dynamic linker and the C library keep for themselves in mappings of their own: there in
/// every process, and told where libraries are asked for.
bool is_of_the_system(const RemnantContext& context, TypeIndex of_typing) {
  const size_t module = context.typing.types()[of_typing].module;
  if (module >= context.input.modules.size() || !context.input.modules[module].module) return false;
  const std::string_view name = context.input.modules[module].module->file_name();
  return name.starts_with("ld-") || name.starts_with("ld.so") || name.starts_with("libc.so") ||
         name.starts_with("libc-2");
}

/// What typed pointers name there.
void add_interiors(RemnantContext& context, Remnants& out) {
  for (const InteriorObject& object : context.typing.interiors()) {
    const TypeIndex type = context.own_type(object.type);
    const bool is_inside = object.block != References::kNone;
    const snapshot::Region* region = context.input.process.region_at(object.at);
    if (type == 0 || (!is_inside && !region)) continue;
    if (!is_inside && !context.options.data_of_libraries && is_of_the_system(context, object.type))
      continue;
    if (out.all.size() >= 2 * context.options.most) {
      out.is_cut = true;
      break;
    }
    out.all.push_back({.at = object.at,
                       .type = type,
                       .size = context.typing.size_of(object),
                       .container = is_inside ? context.block(object.block).range() : region->range,
                       .place = is_inside ? RemnantPlace::inside : RemnantPlace::mapping,
                       .how = object.how,
                       .percent = object.percent,
                       .count = object.count,
                       .holder = object.word});
  }
}

}  // namespace

void find_outside(RemnantContext& context, Remnants& out) {
  add_interiors(context, out);
  std::vector<Searched> searched;
  add_roots(context, searched);
  add_blocks(context, searched);
  std::ranges::sort(searched, {}, &Searched::range);
  std::vector<AddressRange> ranges;
  for (const Searched& one : searched) {
    ranges.push_back(one.range);
    out.outside_bytes += one.range.size();
  }
  if (out.outside_bytes > context.options.most_bytes) {
    out.skipped_outside = true;
    return;
  }
  auto in = searched.begin();
  uint64_t covered = 0;
  for (const TableWord& word : context.table_words(ranges, out.is_cut)) {
    const VirtualTable* table = context.tables.at(word.word);
    if (!table || table->offset != 0 || word.at < covered) continue;
    while (in != searched.end() && in->range.end.value <= word.at) ++in;
    if (in == searched.end()) break;
    const uint64_t size = context.types.size(table->type);
    if (size > in->range.end.value - word.at) continue;
    const uint8_t percent = context.plausibility(table->type, word.at, word.at);
    if (percent == 0 || context.typing.interior_at({word.at})) continue;
    covered = word.at + size;
    out.all.push_back({.at = {word.at},
                       .type = table->type,
                       .size = size,
                       .container = in->container,
                       .place = in->place,
                       .how = table->how,
                       .percent = std::min(percent, table->percent)});
  }
}

}  // namespace inquest::objects
