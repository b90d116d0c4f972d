/// Blocks that are many times as large as the plain class that their holder names: an array, or the
/// beginning of something larger?
///
/// Both are taken for as likely at first. What is seen is weighed, each as often as it would be
/// seen by chance in the other: that the size is that of so many elements, but for the allocator's
/// granule; a round number of them; a number beside the pointer that is their number; pointers of
/// further elements that lead where they may; known objects of the class at an element's begin.
/// Against it, and enough: such a pointer that leads nowhere, unless several elements are known; a
/// pointer of the first into the block itself, but to no element's begin; a class that ends in an
/// array without a length; another object inside of the block. Where an array is likelier than two
/// to one the block is said to be one.
#pragma once

#include "objects/types/interiors.h"

namespace inquest::objects {

/// What it claims waits to be followed: call run afterwards. Linear in the blocks and in the bytes
/// of those that are asked, of which at most a part is read.
void find_whole_arrays(const TypingInput& input, TypeTable& types, const BlockIndex& index,
                       const Interiors& interiors, Propagation& propagation);

}  // namespace inquest::objects
