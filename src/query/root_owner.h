/// Whose a root is, in words.
#pragma once

#include <string>

#include "cause/process.h"
#include "objects/references.h"

namespace inquest::query {

/// "g_rooms", "game::cache + 0x18", "stack of worker", "registers", "[anon] at 0x7f.."; empty when
/// nothing is known. Opens the symbols of the module of a global.
std::string root_owner(const cause::Process& process, const objects::Root& root);

}  // namespace inquest::query
