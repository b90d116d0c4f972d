/// What the blocks of a heap are, by everything that is known (objects::Typing), for the reports
/// that name blocks.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cause/heap/block_types.h"
#include "cause/inspect.h"
#include "objects/references.h"

namespace inquest::cause {

/// Whether recognising all blocks takes a few seconds at most: some module has debug information,
/// all of it together is not large, and the blocks are not too many.
bool typing_is_quick(const Process& process, const heap::Heaps& heaps);

enum class BlockNaming {
  where_quick,     ///< by `Typing` if `typing_is_quick`, else by virtual tables
  always,          ///< by `Typing`, however long it takes
  virtual_tables,  ///< by virtual tables alone
};

/// The Typing is found at the first question. Borrows all that it is given.
BlockTypes types_of_blocks(const Process& process, const heap::Heaps& heaps,
                           const objects::References& references,
                           BlockNaming naming = BlockNaming::where_quick);

/// "rooms" of a variable `g_server`: what of a global's type holds an address; empty when that is
/// not known, or within a class of a library.
std::string member_of_global(const Process& process, Address at);

/// For InspectQuestion::type_at: references and types are found at the first question, if
/// that is quick. Borrows all that it is given.
std::function<std::optional<KnownType>(Address at)> known_types(const Process& process,
                                                                const heap::Heaps& heaps);

}  // namespace inquest::cause
