/// Says of the typed blocks of a process what a person wants to know.
#pragma once

#include <optional>
#include <string>

#include "answer/objects.h"
#include "cause/process.h"
#include "heap/heap.h"
#include "objects/remnants.h"
#include "objects/typing.h"

namespace inquest::cause {

struct ObjectsQuestion {
  /// A type's exact name, else a regular expression that is searched in the names; empty: the
  /// census alone.
  std::string type = {};
  /// Retained bytes of every type. Absent: if the heap is so small that it takes no time.
  std::optional<bool> with_retained = {};
  size_t with_fields = SIZE_MAX;  ///< so many instances are told with their fields
  /// Objects that are in no used block are told too. Borrowed; may be null.
  const objects::Remnants* remnants = nullptr;
};

/// Fails when `type` is neither a name nor a regular expression.
Result<answer::Objects> describe_objects(const Process& process, const heap::Heaps& heaps,
                                         const objects::References& references,
                                         const objects::Typing& typing,
                                         const ObjectsQuestion& question);

}  // namespace inquest::cause
