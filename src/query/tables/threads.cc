#include "query/array_table.h"
#include "query/sources.h"
#include "query/tables/tables.h"

namespace inquest::query {
namespace {

const snapshot::Thread& thread(Sources& sources, size_t row) {
  return sources.snapshot().threads[row];
}

void put(Cell& out, std::optional<Address> at) {
  if (at) out.address(*at);
}

}  // namespace

std::unique_ptr<Table> threads_table() {
  return make_array_table({
      .name = "threads",
      .about = "the threads, as the dump lists them",
      .guessed_rows = 30,
      .columns =
          {
              {{"id", Type::integer, "the system's"},
               [](Sources& s, size_t row, Cell& out) { out.integer(thread(s, row).id); }},
              {{"name", Type::text, "as the program named it"},
               [](Sources& s, size_t row, Cell& out) { out.text_if_any(thread(s, row).name); }},
              {{"crashed", Type::boolean, "it is the one whose death this is"},
               [](Sources& s, size_t row, Cell& out) { out.boolean(thread(s, row).crashed); }},
              {{"signal", Type::integer, "that it had when it stopped"},
               [](Sources& s, size_t row, Cell& out) {
                 if (auto signal = thread(s, row).signal) out.integer(*signal);
               }},
              {{"pc", Type::address, "of the instruction"},
               [](Sources& s, size_t row, Cell& out) { put(out, thread(s, row).registers.pc()); }},
              {{"sp", Type::address, "stack pointer"},
               [](Sources& s, size_t row, Cell& out) { put(out, thread(s, row).registers.sp()); }},
              {{"tls", Type::address, "thread pointer: fs base, tpidr_el0, TEB"},
               [](Sources& s, size_t row, Cell& out) {
                 if (auto tls = thread(s, row).tls) out.integer(*tls);
               }},
              {{"frames", Type::integer, "rows of it in `frames`"},
               [](Sources& s, size_t row, Cell& out) { out.integer(s.stacks().depths[row]); }},
              {{"note", Type::text, "why its stack ends before the thread's beginning"},
               [](Sources& s, size_t row, Cell& out) {
                 const unwind::Stack& stack = s.process().stacks()[row];
                 if (stack.end != unwind::End::outermost) out.text_if_any(stack.note);
               }},
          },
      .count = [](Sources& s) { return s.snapshot().threads.size(); },
  });
}

}  // namespace inquest::query
