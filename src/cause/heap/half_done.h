/// Whether a heap's contradictions may be an operation that was half done: a process that is dumped
/// alive, or killed from outside, may stand in the middle of malloc or free, and then links and
/// sizes do not agree though nothing is wrong.
#pragma once

#include <cstdint>
#include <vector>

#include "cause/process.h"

namespace inquest::cause {

/// Ids of the threads that stood within malloc, free or the like, ascending as the dump has them.
/// Not the thread whose own fault ended the process: that one may have tripped over damage. Not who
/// only waited for the heap's lock. Walks stacks and reads names.
std::vector<uint32_t> threads_in_allocator(const Process& process);

}  // namespace inquest::cause
