/// Where the function that holds an address begins and ends.
#pragma once

#include <optional>

#include "base/address.h"
#include "cause/process.h"

namespace inquest::cause {

struct FunctionBounds {
  AddressRange range;
  /// False for a part of a function that was split off (".cold"): its begin is not the entry.
  bool begins_at_entry = true;
};

/// From the symbol tables, else the debug information, else the unwind data (stripped
/// modules have that too). Absent when none of them knows the address.
std::optional<FunctionBounds> function_bounds(const Process& process, Address at);

}  // namespace inquest::cause
