/// The detectors, one function each; see detector.h. Each in the file of its noun.
#pragma once

#include <vector>

#include "answer/answer.h"
#include "cause/process.h"

namespace inquest::cause {

using Findings = std::vector<answer::Finding>;

// Faults of memory and of instructions.
Findings detect_killed(const Process& process);  ///< killed.cc

}  // namespace inquest::cause
