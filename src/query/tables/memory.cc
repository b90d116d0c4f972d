// Modules, mappings, and what the address space is used for.
#include "query/array_table.h"
#include "query/sources.h"
#include "query/tables/tables.h"

namespace inquest::query {
namespace {

const snapshot::Module& module(Sources& sources, size_t row) {
  return sources.snapshot().modules[row];
}
const snapshot::Region& region(Sources& sources, size_t row) {
  return sources.snapshot().regions[row];
}
const heap::Area& area(Sources& sources, size_t row) { return sources.space().areas[row]; }

void put_access(const std::optional<snapshot::Access>& access, Cell& out) {
  if (!access) return;
  std::string text = {access->read ? 'r' : '-', access->write ? 'w' : '-',
                      access->execute ? 'x' : '-'};
  out.text(text);
}

}  // namespace

std::unique_ptr<Table> modules_table() {
  return make_array_table({
      .name = "modules",
      .about = "the executable and the libraries that were loaded",
      .guessed_rows = 40,
      .columns =
          {
              {{"address", Type::address, "where it was loaded"},
               [](Sources& s, size_t row, Cell& out) { out.address(module(s, row).range.begin); }},
              {{"size", Type::integer, "from its first to past its last mapped byte"},
               [](Sources& s, size_t row, Cell& out) { out.integer(module(s, row).range.size()); }},
              {{"name", Type::text, "file name"},
               [](Sources& s, size_t row, Cell& out) { out.text(module(s, row).file_name()); }},
              {{"path", Type::text, "as the dump says"},
               [](Sources& s, size_t row, Cell& out) { out.text(module(s, row).path); }},
              {{"id", Type::text, "build id, or the PDB's GUID and age"},
               [](Sources& s, size_t row, Cell& out) {
                 out.text_if_any(module(s, row).identity.text());
               }},
              {{"version", Type::text, "as the image says"},
               [](Sources& s, size_t row, Cell& out) { out.text_if_any(module(s, row).version); }},
              {{"is_main", Type::boolean, "it is the executable"},
               [](Sources& s, size_t row, Cell& out) { out.boolean(module(s, row).is_main); }},
              {{"symbols", Type::text, "full, public, none, mismatched"},
               [](Sources& s, size_t row, Cell& out) { out.text(s.modules()[row].symbols); }},
              {{"symbols_from", Type::text, "the file or server that they are from"},
               [](Sources& s, size_t row, Cell& out) { out.text_if_any(s.modules()[row].from); }},
              {{"note", Type::text, "what is to be known of its symbols"},
               [](Sources& s, size_t row, Cell& out) { out.text_if_any(s.modules()[row].note); }},
          },
      .count = [](Sources& s) { return s.snapshot().modules.size(); },
      .key = [](Sources& s, size_t row) { return module(s, row).range.begin.value; },
      .size = [](Sources& s, size_t row) { return module(s, row).range.size(); },
  });
}

std::unique_ptr<Table> regions_table() {
  return make_array_table({
      .name = "regions",
      .about = "the mappings of the process, as the dump lists them",
      .guessed_rows = 300,
      .columns =
          {
              {{"address", Type::address, "of the first byte"},
               [](Sources& s, size_t row, Cell& out) { out.address(region(s, row).range.begin); }},
              {{"size", Type::integer, "in bytes"},
               [](Sources& s, size_t row, Cell& out) { out.integer(region(s, row).range.size()); }},
              {{"access", Type::text, "r-x and the like; NULL when the dump does not say"},
               [](Sources& s, size_t row, Cell& out) { put_access(region(s, row).access, out); }},
              {{"file", Type::text, "mapped file, [heap], [stack], ..."},
               [](Sources& s, size_t row, Cell& out) { out.text_if_any(region(s, row).file); }},
              {{"offset", Type::address, "in the file"},
               [](Sources& s, size_t row, Cell& out) {
                 if (auto offset = region(s, row).file_offset) out.integer(offset->value);
               }},
              {{"recorded", Type::integer, "bytes of it that the dump holds"},
               [](Sources& s, size_t row, Cell& out) { out.integer(region(s, row).recorded); }},
              {{"shared", Type::boolean, "with other processes"},
               [](Sources& s, size_t row, Cell& out) { out.boolean(region(s, row).shared); }},
          },
      .count = [](Sources& s) { return s.snapshot().regions.size(); },
      .key = [](Sources& s, size_t row) { return region(s, row).range.begin.value; },
      .size = [](Sources& s, size_t row) { return region(s, row).range.size(); },
  });
}

std::unique_ptr<Table> areas_table() {
  return make_array_table({
      .name = "areas",
      .about = "the address space by what it is for (as `inquest memory`); heaps are looked for",
      .guessed_rows = 400,
      .columns =
          {
              {{"address", Type::address, "of the first byte"},
               [](Sources& s, size_t row, Cell& out) { out.address(area(s, row).range.begin); }},
              {{"size", Type::integer, "in bytes"},
               [](Sources& s, size_t row, Cell& out) { out.integer(area(s, row).range.size()); }},
              {{"use", Type::text,
                "image, file, stack, heap, anonymous, shared, guard, reserved, system"},
               [](Sources& s, size_t row, Cell& out) { out.word(heap::name(area(s, row).use)); }},
              {{"access", Type::text, "r-x and the like; NULL when the dump does not say"},
               [](Sources& s, size_t row, Cell& out) { put_access(area(s, row).access, out); }},
              {{"what", Type::text, "whose: a file, a thread, an arena"},
               [](Sources& s, size_t row, Cell& out) { out.text_if_any(area(s, row).what); }},
              {{"thread", Type::integer, "whose stack or guard it is"},
               [](Sources& s, size_t row, Cell& out) {
                 if (auto thread = area(s, row).thread) out.integer(*thread);
               }},
              {{"recorded", Type::integer, "bytes of it that the dump holds"},
               [](Sources& s, size_t row, Cell& out) { out.integer(area(s, row).recorded); }},
          },
      .count = [](Sources& s) { return s.space().areas.size(); },
      .key = [](Sources& s, size_t row) { return area(s, row).range.begin.value; },
      .size = [](Sources& s, size_t row) { return area(s, row).range.size(); },
  });
}

}  // namespace inquest::query
