/// Says of an address what lies there: block, object, fields, bytes.
#pragma once

#include <functional>
#include <optional>

#include "answer/inspect.h"
#include "cause/process.h"
#include "heap/heap.h"
#include "objects/values.h"

namespace inquest::cause {

/// The type of a block, or of an object inside of one, from whoever knows it.
struct KnownType {
  std::string name;        ///< qualified
  std::string how;         ///< "virtual table", "holder": why it is believed
  unsigned percent = 100;  ///< how likely it is right
  Address at = {};         ///< where the object begins
  uint64_t count = 1;      ///< objects, one behind the other
};

struct InspectQuestion {
  Address at;
  std::string as = {};  ///< a type by its qualified name; empty: what is known of it
  objects::ValueOptions values = {};
  size_t hex_bytes = 256;  ///< at most
  /// Asked for what holds an address when no virtual table tells it; may be empty.
  std::function<std::optional<KnownType>(Address at)> type_at = {};
};

/// Fails only when a type was asked for by `as` that no debug information has.
Result<answer::Inspect> describe_address(const Process& process, const heap::Heaps& heaps,
                                         const InspectQuestion& question);

}  // namespace inquest::cause
