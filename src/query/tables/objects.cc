// The blocks whose type is known, and the census of types.
#include "query/array_table.h"
#include "query/tables/tables.h"
#include "query/typed.h"

namespace inquest::query {
namespace {

objects::BlockId id_of(Sources& sources, size_t row) { return Typed::of(sources).blocks()[row]; }

const heap::Block& typed_block(Sources& sources, size_t row) {
  return sources.heaps().blocks[id_of(sources, row)];
}
objects::BlockType type_of(Sources& sources, size_t row) {
  return Typed::of(sources).typing().of(id_of(sources, row));
}

void put_elements(Sources& sources, size_t row, Cell& out) {
  objects::BlockType type = type_of(sources, row);
  const objects::TypeInfo* info = Typed::of(sources).info(type.type);
  unsigned word = snapshot::pointer_size(sources.process().arch());
  uint64_t size = typed_block(sources, row).size;
  if (info) out.integer(elements_of(type, info->size, size, word).count);
}

const objects::TypeSum& sum_of(Sources& sources, size_t row) {
  return Typed::of(sources).typing().census()[row];
}

const objects::TypeInfo* summed_type(Sources& sources, size_t row) {
  return Typed::of(sources).info(sum_of(sources, row).type);
}

}  // namespace

std::unique_ptr<Table> objects_table() {
  return make_array_table({
      .name = "objects",
      .about = "the blocks whose type is known",
      .guessed_rows = 1e6,
      .columns =
          {
              {{"address", Type::address, "blocks.address"},
               [](Sources& s, size_t row, Cell& out) {
                 out.address(typed_block(s, row).address());
               }},
              {{"size", Type::integer, "blocks.size"},
               [](Sources& s, size_t row, Cell& out) { out.integer(typed_block(s, row).size); }},
              {{"type", Type::text, "qualified name; types.name"},
               [](Sources& s, size_t row, Cell& out) {
                 if (auto* info = Typed::of(s).info(type_of(s, row).type)) out.text(info->name);
               }},
              {{"how", Type::text,
                "virtual table, rtti, holder, container, text, shape, likeness (a guess)"},
               [](Sources& s, size_t row, Cell& out) {
                 out.word(objects::name(type_of(s, row).how));
               }},
              {{"percent", Type::integer, "how likely it is right"},
               [](Sources& s, size_t row, Cell& out) { out.integer(type_of(s, row).percent); }},
              {{"elements", Type::integer, "objects in it: of `new T[n]` as many as fit"},
               put_elements},
          },
      .count = [](Sources& s) { return Typed::of(s).blocks().size(); },
      .key = [](Sources& s, size_t row) { return uint64_t{typed_block(s, row).begin}; },
      .size = [](Sources& s, size_t row) { return uint64_t{typed_block(s, row).size}; },
  });
}

std::unique_ptr<Table> types_table() {
  return make_array_table({
      .name = "types",
      .about = "the census: what the used blocks are, most bytes first",
      .guessed_rows = 1e3,
      .columns =
          {
              {{"name", Type::text, "qualified; NULL: the blocks whose type is not known"},
               [](Sources& s, size_t row, Cell& out) {
                 if (auto* info = summed_type(s, row)) out.text(info->name);
               }},
              {{"size", Type::integer, "of one object; NULL when not known"},
               [](Sources& s, size_t row, Cell& out) {
                 auto* info = summed_type(s, row);
                 if (info && info->size != 0) out.integer(info->size);
               }},
              {{"blocks", Type::integer, "used blocks of it"},
               [](Sources& s, size_t row, Cell& out) { out.integer(sum_of(s, row).blocks); }},
              {{"objects", Type::integer, "with the elements of arrays"},
               [](Sources& s, size_t row, Cell& out) { out.integer(sum_of(s, row).objects); }},
              {{"bytes", Type::integer, "of the blocks"},
               [](Sources& s, size_t row, Cell& out) { out.integer(sum_of(s, row).bytes); }},
          },
      .count = [](Sources& s) { return Typed::of(s).typing().census().size(); },
  });
}

}  // namespace inquest::query
