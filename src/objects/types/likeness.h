/// Blocks of which nothing is known, but whose words are like those of typed blocks of their size:
/// an object that is held by `void*` while others of its class are held by their type.
///
/// Of each class that typed holders named (not by virtual tables: an object with one names itself)
/// a sample tells how often each of its words is null, a small number, another number, an address
/// in an image, or a pointer to the begin of a block of type X. An unknown block is compared with
/// the classes of its size by naive Bayes against the words of all blocks; two words at least must
/// be pointers to types that the class has in these places as a rule. A guess, with its
/// probability, and never more than 85 percent: what debug information does not describe may look
/// the same. 64-bit processes only.
#pragma once

#include "objects/types/propagate.h"

namespace inquest::objects {

/// What it claims waits to be followed: call run afterwards.
void find_likeness(const TypingInput& input, TypeTable& types, const BlockIndex& index,
                   const VirtualTables& tables, Propagation& propagation);

}  // namespace inquest::objects
