/// Weighs findings: which of them is the cause of death.
///
/// Several detectors may be right at once: an uncaught exception also aborts, a deadlocked process
/// was also killed from outside. The verdict is the finding that says most of those that are
/// believable. Pure functions.
#pragma once

#include <vector>

#include "answer/answer.h"

namespace inquest::cause {

/// Below this a finding is a hint, never the verdict.
inline constexpr double kBelievable = 0.5;

/// Whether `special` says all that `general` says, and why: it then wins where both are found.
bool refines(answer::Kind special, answer::Kind general);

/// Sorts findings, the verdict's first. Findings of the same kind and summary are merged.
void weigh(std::vector<answer::Finding>& findings);

}  // namespace inquest::cause
