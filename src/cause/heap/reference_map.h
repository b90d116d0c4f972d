/// Who points at whom around the largest objects, cut to what one page can hold.
///
/// From the seeds on, outward along who keeps them, how a root reaches them, and their largest
/// neighbours, until there are enough objects; of each a few pointers in both directions, with the
/// member that holds the pointer where the holder's type is known. The chains from the roots are
/// shortest in tiers, as dominators are: over globals, thread-local data and mappings; where these
/// lead nowhere, over stacks and registers; then over roots that point into some middle.
#pragma once

#include "answer/heap_map.h"
#include "cause/heap/type_names.h"
#include "cause/process.h"
#include "objects/dominators.h"
#include "objects/typing.h"

namespace inquest::cause {

struct ReferenceMapInput {
  const Process& process;
  const heap::Heaps& heaps;
  const objects::References& references;
  const objects::Typing& typing;
  const objects::Dominators& dominators;
  const std::vector<uint32_t>& owner_of;  ///< of references.roots(): into dominators.owners()
  TypeNames& types;
  std::vector<objects::BlockId> seeds = {};  ///< the most wanted first
  size_t limit = 1000;                       ///< objects
};

struct ReferenceMap {
  std::vector<answer::MapObject> objects = {};
  std::vector<answer::MapPlace> places = {};  ///< of the objects first
};

/// Linear in the graph; reads each block that points to a told one at most once.
ReferenceMap find_reference_map(const ReferenceMapInput& input);

}  // namespace inquest::cause
