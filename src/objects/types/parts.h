/// What lies inside of an object, by its type. Pure, but for the table, which may grow.
#pragma once

#include "objects/types/type_table.h"

namespace inquest::objects {

/// Whether an object of `outer` may hold one of `inner` at `offset`: a base, a member, an element,
/// the object itself, or bytes in which it was made (the storage of a node, of an optional).
/// Bounded by the depth of types.
bool may_hold(TypeTable& types, TypeIndex outer, uint64_t offset, TypeIndex inner);

}  // namespace inquest::objects
