/// The story of the address at fault: which pointer, of which type, held where, what value.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "answer/answer.h"
#include "cause/fault.h"

namespace inquest::cause {

/// What `fault.explanation` shows; absent when the fault has no address.
std::optional<answer::Explanation> explanation_of(const Process& process, const FaultSite& site);

}  // namespace inquest::cause
