/// The answers of an objects::Typing for those who name blocks (BlockTypes).
#pragma once

#include "cause/heap/block_types.h"
#include "cause/process.h"
#include "objects/typing.h"

namespace inquest::cause {

/// Numbers are TypeIndex; names are plain ("std::string"); members are those that a program's own
/// author knows: what a library's class consists of is left out. Guesses by likeness count as not
/// known. Borrows all; of blocks of `heaps` only; for one thread.
BlockTypes typed_blocks(const Process& process, const heap::Heaps& heaps,
                        const objects::Typing& typing);

/// "members" of "members._M_impl._M_start": what a library's class consists of is its own affair.
std::string without_reserved(const std::string& path);

}  // namespace inquest::cause
