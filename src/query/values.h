/// Values of a dead process as cells.
#pragma once

#include "objects/values.h"
#include "objects/values/scalar.h"

namespace inquest::query {

/// What has no value of its own, or none that could be read, shows none.
inline objects::Field shown(objects::Field field) {
  if (field.value == "{...}" || field.value == objects::kNotInDump) field.value.clear();
  return field;
}

/// What a pointer or reference points to; 0 for null.
inline std::optional<uint64_t> pointer_in(const objects::Field& field) {
  if (field.target) return field.target->value;
  return field.value == "null" ? std::optional<uint64_t>(0) : std::nullopt;
}

}  // namespace inquest::query
