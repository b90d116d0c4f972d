/// Structures that only their own pointers hold: leaked trees, cycles and lists of a class that the
/// debug information describes, and that nothing typed leads to.
///
/// Blocks of which nothing is known and a class whose members point to its own kind are laid upon
/// each other: a group of blocks linked by these members is taken for that class where in every one
/// of them each pointer member is null or leads where such a pointer may lead, no number is the
/// address of a block, and pointers of two members at least were confirmed. Where a second class
/// fits a group as well, and makes about as many links, it is left unknown. A guess
/// (How::likeness): the class may be one that no debug information describes. So only classes of
/// the program itself are taken: where the program has none, the few of its libraries (libc's, as
/// distributions have them at hand) would fit much that is not theirs; they count as second
/// classes. 64-bit processes only.
#pragma once

#include "objects/types/propagate.h"

namespace inquest::objects {

/// What it claims waits to be followed: call run afterwards.
void find_linked(const TypingInput& input, TypeTable& types, const BlockIndex& index,
                 Propagation& propagation);

}  // namespace inquest::objects
