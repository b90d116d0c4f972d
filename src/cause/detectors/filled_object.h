/// What a fill pattern in place of a pointer says of the object that holds it.
#pragma once

#include <string>

#include "cause/fault/story.h"
#include "cause/runtime/heap_view.h"

namespace inquest::cause {

enum class FilledObject : uint8_t {
  unknown,  ///< which object it is, or no allocator that is known tells
  freed,    ///< an allocator has its block as free
  alive,    ///< it is a block that is in use, a variable, on a stack: what lay there was never set
  within,   ///< a part of a larger block that is in use: of a pool of the program's own, perhaps
};

struct FilledObjectView {
  FilledObject is = FilledObject::unknown;
  std::string words = {};  ///< "it lies 24 bytes into a block ... that is in use"; may be empty
};

/// Of the object that held the pointer of `story`.
FilledObjectView look_at_filled_object(const Process& process, HeapView& heap, const Story& story);

}  // namespace inquest::cause
