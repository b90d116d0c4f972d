#include "query/array_table.h"
#include "query/sources.h"
#include "query/tables/tables.h"

namespace inquest::query {
namespace {

const Call& call(Sources& sources, size_t row) { return sources.stacks().calls[row]; }

const unwind::Frame& frame(Sources& sources, size_t row) {
  const Call& one = call(sources, row);
  return sources.process().stacks()[one.stack].frames[one.frame];
}

const symbols::SourceFrame* source(Sources& sources, size_t row) {
  return sources.stacks().source(call(sources, row));
}

void put_function(Sources& sources, size_t row, Cell& out) {
  if (const auto* known = source(sources, row)) {
    return out.text_if_any(known->function.empty() ? known->linkage : known->function);
  }
  const std::string& dynamic = sources.stacks().places[call(sources, row).place].dynamic;
  if (!dynamic.empty()) return out.text(dynamic);
  if (frame(sources, row).is_signal_frame) out.word("<signal handler called>");
}

}  // namespace

std::unique_ptr<Table> frames_table() {
  return make_array_table({
      .name = "frames",
      .about = "the calls on the stacks of all threads; inlined calls are rows of their own",
      .guessed_rows = 600,
      .columns =
          {
              {{"thread", Type::integer, "threads.id", Search::range, 20},
               [](Sources& s, size_t row, Cell& out) {
                 out.integer(s.snapshot().threads[call(s, row).stack].id);
               }},
              {{"depth", Type::integer, "0 is the innermost call"},
               [](Sources& s, size_t row, Cell& out) { out.integer(call(s, row).depth); }},
              {{"pc", Type::address, "of callers the return address"},
               [](Sources& s, size_t row, Cell& out) { out.address(frame(s, row).pc); }},
              {{"trust", Type::text,
                "how it was found: context, cfi, pe, fp, recovered, scan (a guess)"},
               [](Sources& s, size_t row, Cell& out) {
                 out.word(unwind::name(frame(s, row).trust));
               }},
              {{"confidence", Type::real, "0 to 1"},
               [](Sources& s, size_t row, Cell& out) {
                 out.real(static_cast<double>(frame(s, row).confidence));
               }},
              {{"module", Type::text, "file name; NULL when the pc is in none"},
               [](Sources& s, size_t row, Cell& out) {
                 if (auto* module = frame(s, row).module) out.text(module->file_name());
               }},
              {{"offset", Type::address, "of the pc in the module"},
               [](Sources& s, size_t row, Cell& out) {
                 const unwind::Frame& one = frame(s, row);
                 if (one.module) out.integer(one.pc - one.module->range.begin);
               }},
              {{"function", Type::text, "with parameters; NULL when not known"}, put_function},
              {{"file", Type::text, "of the source"},
               [](Sources& s, size_t row, Cell& out) {
                 if (auto* known = source(s, row)) out.text_if_any(known->file);
               }},
              {{"line", Type::integer, "in it"},
               [](Sources& s, size_t row, Cell& out) {
                 auto* known = source(s, row);
                 if (known && known->line != 0) out.integer(known->line);
               }},
              {{"inlined", Type::boolean, "it shares its frame with the row below it"},
               [](Sources& s, size_t row, Cell& out) {
                 auto* known = source(s, row);
                 out.boolean(known && known->inlined);
               }},
              {{"sp", Type::address, "stack pointer in it"},
               [](Sources& s, size_t row, Cell& out) {
                 if (auto sp = frame(s, row).registers.sp()) out.address(*sp);
               }},
              {{"cfa", Type::address, "where the caller's frame begins"},
               [](Sources& s, size_t row, Cell& out) {
                 if (frame(s, row).cfa.value != 0) out.address(frame(s, row).cfa);
               }},
          },
      .count = [](Sources& s) { return s.stacks().calls.size(); },
      .key = [](Sources& s,
                size_t row) { return uint64_t{s.snapshot().threads[call(s, row).stack].id}; },
  });
}

}  // namespace inquest::query
