// What is known of the whole: the process, the findings and their evidence, the warnings.
#include "query/array_table.h"
#include "query/sources.h"
#include "query/tables/tables.h"

namespace inquest::query {
namespace {

void put_next(const answer::Finding& finding, Cell& out) {
  std::string text;
  for (const std::string& step : finding.next) text += (text.empty() ? "" : "; ") + step;
  out.text_if_any(text);
}

const answer::Finding& finding(Sources& sources, size_t row) { return sources.findings()[row]; }
const answer::Evidence& evidence(Sources& sources, size_t row) {
  const Sources::EvidenceRow& one = sources.evidence()[row];
  return sources.findings()[one.finding].evidence[one.index];
}

}  // namespace

std::unique_ptr<Table> process_table() {
  return make_array_table({
      .name = "process",
      .about = "the dump, the process and the machine, a fact a row",
      .guessed_rows = 20,
      .columns =
          {
              {{"name", Type::text, "dump, format, os, arch, pid, command, signal, ..."},
               [](Sources& s, size_t row, Cell& out) { out.text(s.facts()[row].name); }},
              {{"value", Type::text, "as text"},
               [](Sources& s, size_t row, Cell& out) { out.text(s.facts()[row].value); }},
          },
      .count = [](Sources& s) { return s.facts().size(); },
  });
}

std::unique_ptr<Table> findings_table() {
  return make_array_table({
      .name = "findings",
      .about = "what `inquest why` found, best first; the verdict is the first",
      .guessed_rows = 3,
      .columns =
          {
              {{"id", Type::integer, "0 is the verdict"},
               [](Sources&, size_t row, Cell& out) { out.integer(row); }},
              {{"kind", Type::text, "null-dereference, deadlock, ..., unknown"},
               [](Sources& s, size_t row, Cell& out) { out.word(name(finding(s, row).kind)); }},
              {{"confidence", Type::real, "0 to 1"},
               [](Sources& s, size_t row, Cell& out) { out.real(finding(s, row).confidence); }},
              {{"summary", Type::text, "one sentence"},
               [](Sources& s, size_t row, Cell& out) { out.text(finding(s, row).summary); }},
              {{"next", Type::text, "what to do to know more"},
               [](Sources& s, size_t row, Cell& out) { put_next(finding(s, row), out); }},
          },
      .count = [](Sources& s) { return s.findings().size(); },
      .key = [](Sources&, size_t row) { return uint64_t{row}; },
  });
}

std::unique_ptr<Table> evidence_table() {
  return make_array_table({
      .name = "evidence",
      .about = "what the findings rest on",
      .guessed_rows = 10,
      .columns =
          {
              {{"finding", Type::integer, "findings.id", Search::range, 3},
               [](Sources& s, size_t row, Cell& out) { out.integer(s.evidence()[row].finding); }},
              {{"what", Type::text, "in words"},
               [](Sources& s, size_t row, Cell& out) { out.text(evidence(s, row).what); }},
              {{"thread", Type::integer, "threads.id"},
               [](Sources& s, size_t row, Cell& out) {
                 if (auto thread = evidence(s, row).thread) out.integer(*thread);
               }},
              {{"depth", Type::integer, "frames.depth"},
               [](Sources& s, size_t row, Cell& out) {
                 if (auto frame = evidence(s, row).frame) out.integer(*frame);
               }},
              {{"address", Type::address, "that it is about"},
               [](Sources& s, size_t row, Cell& out) {
                 if (auto at = evidence(s, row).address) out.address(*at);
               }},
          },
      .count = [](Sources& s) { return s.evidence().size(); },
      .key = [](Sources& s, size_t row) { return uint64_t{s.evidence()[row].finding}; },
  });
}

std::unique_ptr<Table> warnings_table() {
  return make_array_table({
      .name = "warnings",
      .about = "what is missing or doubtful, and how to supply it; computes all that can warn",
      .guessed_rows = 10,
      .columns =
          {
              {{"about", Type::text, "dump, files, heap, memory, references"},
               [](Sources& s, size_t row, Cell& out) { out.word(s.warnings()[row].about); }},
              {{"what", Type::text, "is missing"},
               [](Sources& s, size_t row, Cell& out) { out.text(s.warnings()[row].warning.what); }},
              {{"advice", Type::text, "what to do"},
               [](Sources& s, size_t row, Cell& out) {
                 out.text_if_any(s.warnings()[row].warning.advice);
               }},
          },
      .count = [](Sources& s) { return s.warnings().size(); },
  });
}

}  // namespace inquest::query
