/// Pieces of code with a source line each -> the runs of rows of UnitSymbols.
#pragma once

#include <vector>

#include "symbols/unit_symbols.h"

namespace inquest::symbols {

struct LinePiece {
  CodeRange code = {};
  uint32_t file = kNone;  ///< index in UnitSymbols::files
  uint32_t line = 0;
  uint32_t column = 0;
};

/// Adds the parts of the pieces that lie in `owned` (sorted, disjoint). Where pieces overlap the
/// first in the list wins. O(n log n).
void add_line_runs(std::vector<LinePiece> pieces, const std::vector<CodeRange>& owned,
                   UnitSymbols& out);

}  // namespace inquest::symbols
