/// The fields of the objects in a list: of each one level, with those of its bases, short.
#pragma once

#include "answer/objects.h"
#include "cause/heap/outside.h"

namespace inquest::cause {

/// Fills in the fields of the first `most` of `out.instances`, as far as debug information says
/// what they are; of arrays those of the first object. `remnants` may be null. Linear in `most`.
void add_fields(const Process& process, const heap::Heaps& heaps, const objects::Typing& typing,
                const objects::Remnants* remnants, size_t most, answer::Objects& out);

}  // namespace inquest::cause
