/// What the readers of Windows heaps call things.
#pragma once

#include <string>
#include <string_view>

#include "heap/windows/target.h"

namespace inquest::heap::windows {

/// "process heap", "heap 0x1a0000".
std::string arena_name(Target& target, uint64_t heap);
/// Index of the module of that file name, in lower case; SIZE_MAX: none.
size_t find_module(const snapshot::Snapshot& process, std::string_view name);
/// That no real dump has borne out a layout, with the version of the system if it is known.
std::string not_confirmed(const snapshot::Snapshot& process);

}  // namespace inquest::heap::windows
