#include <fmt/core.h>

#include "report/csv.h"
#include "report/diff_report.h"

namespace inquest::report {
namespace {

void add_line(std::string& out, const char* by, const answer::Growth& row, bool is_series) {
  std::string each;
  for (const answer::BlockSum& sum : row.at)
    each += fmt::format("{}{}", each.empty() ? "" : " ", sum.bytes);
  const answer::BlockSum& first = row.at.front();
  const answer::BlockSum& last = row.at.back();
  const char* confirmed = !is_series ? "" : row.confirmed ? "yes" : "no";
  out += csv_line({by, row.what, std::to_string(first.blocks), std::to_string(last.blocks),
                   std::to_string(first.bytes), std::to_string(last.bytes), confirmed, each});
}

}  // namespace

std::string diff_csv(const answer::Diff& diff) {
  std::string out =
      "by,what,blocks_before,blocks_after,bytes_before,bytes_after,every_step,bytes_in_each\n";
  const bool is_series = diff.dumps.size() > 2;
  for (const auto& [by, rows] : {std::pair("owner", &diff.owners),
                                 {"type", &diff.types},
                                 {"size", &diff.sizes},
                                 {"arena", &diff.arenas}}) {
    for (const answer::Growth& row : *rows) add_line(out, by, row, is_series);
  }
  if (!diff.ages) return out;
  for (const answer::Survivors& some : diff.ages->survivors)
    out += csv_line({"survivors", some.type, std::to_string(some.born.blocks),
                     std::to_string(some.alive.blocks), std::to_string(some.born.bytes),
                     std::to_string(some.alive.bytes), "", ""});
  return out;
}

}  // namespace inquest::report
