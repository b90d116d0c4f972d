/// The code and lines of one inlined call, from its binary annotations.
///
/// Source: Microsoft's cvinfo.h, CV_InlineSite and BinaryAnnotationOpcode.
#pragma once

#include <vector>

#include "symbols/pdb/lines.h"

namespace inquest::symbols::pdb {

/// `begin`, `end`: the function that the call was inlined into. Pieces sorted by begin, clipped to
/// it; `file` is the offset of a checksum record.
std::vector<LinePiece> read_annotations(Bytes annotations, CodeRange function, InlineeLine start);

}  // namespace inquest::symbols::pdb
