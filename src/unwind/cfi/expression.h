/// Evaluates the DWARF expressions of call frame information.
///
/// Source: DWARF 5, 2.5.1. Only what a CFA or register rule may use: no locations, no calls, no
/// types. Arithmetic is that of the target's address size. Bounded by Limits::expression_steps.
#pragma once

#include <optional>

#include "base/integers.h"
#include "base/limits.h"
#include "snapshot/registers.h"
#include "unwind/words.h"

namespace inquest::unwind {

/// The value left on the stack; absent when the expression is damaged, needs an unknown register or
/// unreadable memory, or does not end. `cfa` is pushed first where it is given.
std::optional<uint64_t> evaluate(Bytes expression, const snapshot::Registers& registers,
                                 Words& memory, std::optional<uint64_t> cfa,
                                 const Limits& limits = kLimits);

}  // namespace inquest::unwind
