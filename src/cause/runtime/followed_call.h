/// Follows a small function of the dead process, on its memory, to learn what it would return.
///
/// For getters such as what(): moves, address arithmetic, tests for zero and equality, calls of the
/// same kind. Everything else ends the attempt. Writes go to a scratch copy. x86-64, bounded.
#pragma once

#include <optional>

#include "cause/process.h"

namespace inquest::cause {

/// rax after calling `function` with `self` in rdi. Absent when the code does more than can be
/// followed.
std::optional<uint64_t> followed_call(const Process& process, Address function, Address self);

}  // namespace inquest::cause
