/// How much of a heap is accounted for: typed, text, or kept by one whom a name can be given.
///
/// A block counts as typed where its type is said with 70 percent at least, by what is no guess: a
/// virtual table, a typed holder, a container. Bytes held as `char*`, blocks that are larger than
/// what their holder says, shapes and likeness are not. Of a block that is not typed the bytes
/// count that objects inside of it take, where these are as sure (Typing::interiors). What is
/// neither typed nor text is told by its keeper: going up the dominators, the first object of a
/// typed class, else the variable, thread or mapping. What several keep is told by those of them
/// that have a name. An anonymous mapping has none, unless a typed object or a variable points to
/// its begin; neither has data without a symbol. Linear in the blocks and their pointers.
#pragma once

#include "answer/explained.h"
#include "heap/heap.h"
#include "objects/dominators.h"
#include "objects/typing.h"

namespace inquest::cause {

/// `owner_of` as Dominators::find was given. Borrows for the call only.
struct ExplainInput {
  const heap::Heaps& heaps;
  const objects::References& references;
  const objects::Typing& typing;
  const objects::Dominators* dominators = nullptr;  ///< null: who keeps what is not asked
  const std::vector<uint32_t>* owner_of = nullptr;  ///< with dominators
  const std::vector<bool>* has_name = nullptr;      ///< of each owner; null: all have
};

answer::Explained explain(const ExplainInput& input);

}  // namespace inquest::cause
