/// Reads the places of roots: which blocks they keep.
#pragma once

#include <vector>

#include "objects/references/root_ranges.h"
#include "objects/references/word_scan.h"

namespace inquest::objects {

struct RootsFound {
  /// By kind, then ascending by address; where a range has very many, one for each block and way of
  /// pointing.
  std::vector<Root> roots = {};
  uint64_t pointers = 0;  ///< all that there are
  uint64_t scanned = 0, missing = 0;
  uint64_t tagged = 0, tags = 0;
  std::vector<BlockId> tagged_blocks = {};
};

/// On all cores of the surrounding task arena. Sums ranges, bytes and pointers by kind into
/// `totals`.
RootsFound read_roots(const snapshot::Snapshot& process, const WordScan& scan,
                      const RootPlaces& places, ReferenceTotals& totals);

}  // namespace inquest::objects
