/// What reading objects of a Process needs, and what their pointers point to in words.
#pragma once

#include <string>

#include "answer/inspect.h"
#include "cause/process.h"
#include "heap/heap.h"
#include "objects/elements.h"
#include "objects/values.h"

namespace inquest::cause {

/// Borrows all that it is given.
objects::ObjectSpace object_space(const Process& process, const symbols::TypeReader& types);

/// What an address is, in few words: "(game::Boss, block of 64 bytes)", "<g_rooms + 8>", "(not
/// mapped)"; empty when there is nothing to say. Blocks only where `heaps` is not null.
std::string describe_target(const Process& process, const heap::Heaps* heaps, Address at);

answer::Field answer_of(objects::Field&& field);

}  // namespace inquest::cause
