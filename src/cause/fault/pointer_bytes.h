/// What the bytes of a bad pointer look like: text, a fill pattern, half a pointer, a number.
///
/// A look only: each answer says how much it is worth. Pure functions of the value and the regions.
#pragma once

#include <optional>
#include <string>

#include "answer/answer.h"
#include "snapshot/snapshot.h"

namespace inquest::cause {

struct PointerLook {
  std::string what;            ///< "is the text \"iedRiche\""; follows "the pointer"
  bool is_freed_fill = false;  ///< a pattern that allocators write into freed memory
  bool is_unset_fill = false;  ///< a pattern that allocators write into memory not yet set
  bool is_text = false;
};

/// Absent when the value looks like nothing in particular.
std::optional<PointerLook> look_at(uint64_t pointer, const snapshot::Snapshot& snapshot);

}  // namespace inquest::cause
