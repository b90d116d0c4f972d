/// Checks the header of a line table before LLVM reads it: of version 5 it believes the address
/// size and the forms, and jumps by them. Source: DWARF 5, 6.2.4.
#pragma once

#include "base/integers.h"

namespace inquest::symbols {

/// Whether the line table at `offset` of .debug_line has a header that can be read. Entries are
/// not judged, only what they are made of.
bool readable_line_header(Bytes lines, uint64_t offset);

}  // namespace inquest::symbols
