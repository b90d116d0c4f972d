/// What a detector is: looks at a dead process, gives findings with evidence, or none.
///
/// Each detector lives in its own file, is declared in detectors.h and listed in detectors.cc. A
/// detector may read anything of the Process and must not assume that anything is there: threads,
/// stacks, symbols, types, memory may all be missing. Its confidence is the probability that the
/// accusation is right; a false accusation is worse than "unknown". Any thread.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "answer/answer.h"
#include "cause/process.h"

namespace inquest::cause {

struct Detector {
  std::string_view name;  ///< for messages: "null dereference"
  std::vector<answer::Finding> (*detect)(const Process&);
};

/// All of them. The order does not matter: findings are weighed (verdict.h).
std::span<const Detector> detectors();

}  // namespace inquest::cause
