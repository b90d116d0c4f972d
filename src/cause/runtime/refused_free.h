/// What is known of a block that free, realloc or delete refused: evidence for the verdict.
#pragma once

#include <string_view>

#include "answer/answer.h"
#include "cause/calls.h"

namespace inquest::cause {

/// Adds what the pointer is and what lies around it to the finding, whose kind is double_free,
/// invalid_free or heap_corruption; may make its summary and confidence more precise. `message` is
/// what the C library said.
void add_freed_pointer(const Process& process, const snapshot::Thread& thread,
                       const unwind::Stack& stack, const std::vector<Call>& calls,
                       std::string_view message, answer::Finding& finding);

}  // namespace inquest::cause
