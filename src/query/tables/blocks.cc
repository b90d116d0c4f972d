#include "query/array_table.h"
#include "query/sources.h"
#include "query/tables/tables.h"

namespace inquest::query {
namespace {

std::string_view reach_word(objects::Reach reach) {
  switch (reach) {
    case objects::Reach::reachable:
      return "reachable";
    case objects::Reach::possible:
      return "possible";
    case objects::Reach::lost:
      return "lost";
    case objects::Reach::none:
      break;
  }
  return {};
}

const heap::Block& block(Sources& sources, size_t row) { return sources.heaps().blocks[row]; }

const heap::Arena* arena(Sources& sources, size_t row) {
  const auto& arenas = sources.heaps().arenas;
  size_t index = block(sources, row).arena;
  return index < arenas.size() ? &arenas[index] : nullptr;
}

void put_allocator(Sources& sources, size_t row, Cell& out) {
  const heap::Arena* owner = arena(sources, row);
  if (owner && owner->allocator < sources.heaps().allocators.size()) {
    out.text(sources.heaps().allocators[owner->allocator].name);
  }
}

void put_reach(Sources& sources, size_t row, Cell& out) {
  std::string_view word =
      reach_word(sources.references().reach(static_cast<objects::BlockId>(row)));
  if (!word.empty()) out.word(word);
}

void put_head(Sources& sources, size_t row, Cell& out) {
  objects::BlockId head = sources.references().head_of(static_cast<objects::BlockId>(row));
  if (head != objects::References::kNone) out.address(block(sources, head).address());
}

}  // namespace

std::unique_ptr<Table> blocks_table() {
  return make_array_table({
      .name = "blocks",
      .about = "every block of every allocator, used or not",
      .guessed_rows = 1e6,
      .columns =
          {
              {{"address", Type::address, "what the program was given"},
               [](Sources& s, size_t row, Cell& out) { out.address(block(s, row).address()); }},
              {{"size", Type::integer, "bytes that the program may use (malloc_usable_size)"},
               [](Sources& s, size_t row, Cell& out) { out.integer(block(s, row).size); }},
              {{"state", Type::text, "used, cached (free, kept for quick reuse), free, unused"},
               [](Sources& s, size_t row, Cell& out) {
                 out.word(heap::name(block(s, row).state()));
               }},
              {{"arena", Type::integer, "arenas.id"},
               [](Sources& s, size_t row, Cell& out) { out.integer(block(s, row).arena); }},
              {{"allocator", Type::text, "glibc, jemalloc, ..."}, put_allocator},
              {{"mapped", Type::boolean, "it has a mapping of its own"},
               [](Sources& s, size_t row, Cell& out) { out.boolean(block(s, row).mapped); }},
              {{"reach", Type::text,
                "of a used block: reachable; lost; possible (only by pointers into a middle)"},
               put_reach},
              {{"head", Type::address, "of a lost block: the lost block that holds it, or itself"},
               put_head},
          },
      .count = [](Sources& s) { return s.heaps().blocks.size(); },
      .key = [](Sources& s, size_t row) { return uint64_t{block(s, row).begin}; },
      .size = [](Sources& s, size_t row) { return uint64_t{block(s, row).size}; },
  });
}

}  // namespace inquest::query
