/// Says of objects that are in no used block what a person wants to know.
#pragma once

#include <functional>
#include <string>

#include "answer/objects.h"
#include "cause/process.h"
#include "heap/heap.h"
#include "objects/remnants.h"
#include "objects/typing.h"

namespace inquest::cause {

struct OutsideInput {
  const Process& process;
  const heap::Heaps& heaps;
  const objects::Typing& typing;
  const objects::Remnants& remnants;
};

/// Adds the sums of the types that `is_wanted` to `out.outside`, and where instances were asked for
/// these to `out.instances`, which stay ascending; and what was left out, to `out.warnings`.
void add_outside(const OutsideInput& input,
                 const std::function<bool(const std::string& type)>& is_wanted,
                 answer::Objects& out);

}  // namespace inquest::cause
