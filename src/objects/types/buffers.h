/// Blocks that three words in a row hold as { begin, end of what is used, end of what is there }.
///
/// So every vector keeps its elements (libstdc++, libc++: __begin_, __end_, __end_cap_; MSVC:
/// _Myfirst, _Mylast, _Myend), and so do buffers of many programs. What the elements are is not
/// known. The words must name the block exactly: its begin, a place in it, and an end that the
/// allocator would have given this very block for. Words of stacks are not asked: they may be left
/// over from calls that ended. And nothing else may lead to the block: three words whose buffer was
/// given back lead to the object that lies there now, which others know.
#pragma once

#include "objects/types/propagate.h"

namespace inquest::objects {

/// Claims blocks that nothing else claimed.
void find_buffers(const TypingInput& input, TypeTable& types, const BlockIndex& index,
                  Propagation& propagation);

}  // namespace inquest::objects
