/// What a search for the blocks of a process may ask of its symbols and types.
#pragma once

#include "cause/process.h"
#include "heap/heap.h"

namespace inquest::cause {

/// Borrows the process for as long as the Input is used. Symbols are opened when it is asked.
heap::Input heap_input(const Process& process);

}  // namespace inquest::cause
