// Arenas of the allocators, and where the heap contradicts itself.
#include "query/array_table.h"
#include "query/sources.h"
#include "query/tables/tables.h"

namespace inquest::query {
namespace {

const heap::Arena& arena_of(Sources& sources, size_t row) { return sources.heaps().arenas[row]; }

const heap::Allocator* allocator_of(Sources& sources, size_t row) {
  const auto& allocators = sources.heaps().allocators;
  size_t index = arena_of(sources, row).allocator;
  return index < allocators.size() ? &allocators[index] : nullptr;
}

std::string thread_list(const heap::Arena& arena) {
  std::string list;
  for (uint32_t id : arena.threads) list += fmt::format("{}{}", list.empty() ? "" : " ", id);
  return list;
}

const heap::Fault& fault_of(Sources& sources, size_t row) { return sources.heaps().faults[row]; }

}  // namespace

std::unique_ptr<Table> arenas_table() {
  return make_array_table({
      .name = "arenas",
      .about = "parts of heaps with locks and free lists of their own",
      .guessed_rows = 16,
      .columns =
          {
              {{"id", Type::integer, "blocks.arena"},
               [](Sources&, size_t row, Cell& out) { out.integer(row); }},
              {{"name", Type::text, "main arena, arena 3 (0x7f..)"},
               [](Sources& s, size_t row, Cell& out) { out.text(arena_of(s, row).name); }},
              {{"allocator", Type::text, "glibc, jemalloc, ..."},
               [](Sources& s, size_t row, Cell& out) {
                 if (auto* allocator = allocator_of(s, row)) out.text(allocator->name);
               }},
              {{"layout", Type::text, "what the allocator's structures look like"},
               [](Sources& s, size_t row, Cell& out) {
                 if (auto* allocator = allocator_of(s, row)) out.text_if_any(allocator->layout);
               }},
              {{"address", Type::address, "of its control structure"},
               [](Sources& s, size_t row, Cell& out) {
                 if (arena_of(s, row).at.value != 0) out.address(arena_of(s, row).at);
               }},
              {{"segments", Type::integer, "pieces of memory that it owns"},
               [](Sources& s, size_t row, Cell& out) {
                 out.integer(arena_of(s, row).segments.size());
               }},
              {{"bytes", Type::integer, "of its segments"},
               [](Sources& s, size_t row, Cell& out) {
                 uint64_t bytes = 0;
                 for (AddressRange segment : arena_of(s, row).segments) bytes += segment.size();
                 out.integer(bytes);
               }},
              {{"system_bytes", Type::integer, "what it says it took from the system"},
               [](Sources& s, size_t row, Cell& out) {
                 if (auto bytes = arena_of(s, row).system_bytes) out.integer(*bytes);
               }},
              {{"threads", Type::text, "ids of the threads that allocate from it, where known"},
               [](Sources& s, size_t row, Cell& out) {
                 out.text_if_any(thread_list(arena_of(s, row)));
               }},
          },
      .count = [](Sources& s) { return s.heaps().arenas.size(); },
      .key = [](Sources&, size_t row) { return uint64_t{row}; },
  });
}

std::unique_ptr<Table> heap_faults_table() {
  return make_array_table({
      .name = "heap_faults",
      .about = "where the heap contradicts itself",
      .guessed_rows = 10,
      .columns =
          {
              {{"address", Type::address, "of the field that is wrong"},
               [](Sources& s, size_t row, Cell& out) { out.address(fault_of(s, row).at); }},
              {{"what", Type::text, "in words"},
               [](Sources& s, size_t row, Cell& out) { out.text(fault_of(s, row).what); }},
              {{"before", Type::address, "the last sound block below it"},
               [](Sources& s, size_t row, Cell& out) {
                 if (auto at = fault_of(s, row).before) out.address(*at);
               }},
              {{"after", Type::address, "the first sound block above it"},
               [](Sources& s, size_t row, Cell& out) {
                 if (auto at = fault_of(s, row).after) out.address(*at);
               }},
              {{"arena", Type::integer, "arenas.id"},
               [](Sources& s, size_t row, Cell& out) { out.integer(fault_of(s, row).arena); }},
          },
      .count = [](Sources& s) { return s.heaps().faults.size(); },
      .key = [](Sources& s, size_t row) { return fault_of(s, row).at.value; },
  });
}

}  // namespace inquest::query
