/// Who keeps what, told by kinds: the tree of dominators with its blocks of one kind put together.
///
/// Below an owner stand the kinds of blocks that it keeps, below these the kinds that they keep.
/// A kind is a type and the member of the keeper that points there; blocks of no known type are of
/// one kind when they are of one size. What comes again below itself (the nodes of a list, of a
/// tree) is joined to where it came first. So the trees of two dumps can be compared, wherever the
/// blocks lie. Linear in the blocks below what is large; bounded in kinds and depth. Pure.
#pragma once

#include <string>
#include <vector>

#include "cause/heap/block_types.h"
#include "objects/dominators.h"

namespace inquest::cause {

struct KeptKind {
  static constexpr uint32_t kOwner = UINT32_MAX;
  /// Index of what keeps it, less than its own; kOwner: it is an owner.
  uint32_t parent = kOwner;
  std::string type = {};    ///< of an owner its name; empty: not known
  uint64_t size = 0;        ///< of blocks of no known type; 0: of several sizes, all large
  std::string member = {};  ///< of the keeper; empty: not known, or an element
  objects::Sum kept = {};   ///< that would be freed without them
  objects::Sum own = {};    ///< the blocks themselves, those that were joined too
  Address largest = {};     ///< which of them keeps most
  uint64_t largest_kept = 0;
};

struct KeptInput {
  const Process& process;
  const heap::Heaps& heaps;
  const objects::References& references;
  const objects::Dominators& dominators;
  /// As they were given to dominators.
  const std::vector<uint32_t>& owner_of;
  const BlockTypes& types;
  /// What keeps fewer bytes is not looked into.
  uint64_t least_bytes = 64 << 10;
};

inline constexpr const char* kSeveralTogether = "several together";
inline constexpr const char* kLostOwner = "nobody: lost";

/// Owners that keep least_bytes together with those of the same name, each followed somewhere by
/// what is below it.
std::vector<KeptKind> find_kept_kinds(const KeptInput& input);

}  // namespace inquest::cause
