/// Names for memory that has none: anonymous mappings, by who points to where they begin.
#pragma once

#include <vector>

#include "cause/process.h"
#include "heap/heap.h"
#include "objects/dominators.h"
#include "objects/typing.h"

namespace inquest::cause {

struct MappingNamesInput {
  const Process& process;
  const heap::Heaps& heaps;
  const objects::Typing& typing;
};

/// Which of the owners have a name: threads, variables with a symbol, data of a module, mappings of
/// files; and anonymous mappings to whose first byte a variable or an object of a known type
/// points (an arena's descriptor), or to most of whose equal parts one such holder does, where the
/// kernel joined several: to their names that is added. Reads the writable data of modules
/// and the typed blocks once. Pure.
std::vector<bool> name_mappings(const MappingNamesInput& input,
                                std::vector<objects::RootOwner>& owners);

}  // namespace inquest::cause
