/// What recognising the blocks of a heap needs of a Process: types and symbols of its modules, and
/// the variables of all frames whose places are known.
#pragma once

#include "cause/process.h"
#include "heap/heap.h"
#include "objects/typing.h"

namespace inquest::cause {

/// Borrows all that it is given, for as long as the TypingInput is used. Opens the symbols of every
/// module, and walks the stacks.
objects::TypingInput typing_input(const Process& process, const heap::Heaps& heaps,
                                  const objects::References& references);

}  // namespace inquest::cause
