#include "symbols/line_runs.h"

#include <algorithm>

#include "symbols/intervals.h"

namespace inquest::symbols {

void add_line_runs(std::vector<LinePiece> pieces, const std::vector<CodeRange>& owned,
                   UnitSymbols& out) {
  std::vector<Interval> claims;
  claims.reserve(pieces.size());
  for (uint32_t i = 0; i < pieces.size(); ++i) {
    claims.push_back({pieces[i].code.begin, pieces[i].code.end, i});
  }
  uint32_t open_end = 0;
  bool is_open = false;
  auto add = [&](uint32_t begin, uint32_t end, const LinePiece& piece) {
    if (!is_open || begin != open_end) {
      out.runs.push_back({.code = {begin, end}, .first = static_cast<uint32_t>(out.rows.size())});
      is_open = true;
    }
    out.rows.push_back({begin, piece.file, piece.line, piece.column});
    ++out.runs.back().count;
    out.runs.back().code.end = open_end = end;
  };
  auto part = owned.begin();
  for (const Interval& i : flatten(std::move(claims))) {
    while (part != owned.end() && part->end <= i.begin) ++part;
    for (auto at = part; at != owned.end() && at->begin < i.end; ++at) {
      add(std::max(at->begin, i.begin), std::min(at->end, i.end), pieces[i.owner]);
    }
  }
}

}  // namespace inquest::symbols
