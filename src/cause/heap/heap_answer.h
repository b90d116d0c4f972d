/// The heap of a process -> the values that `heap` reports.
#pragma once

#include "answer/heap.h"
#include "heap/heap.h"

namespace inquest::cause {

/// `with_blocks`: every block too (24 bytes and more each).
answer::Heap describe_heap(const snapshot::Snapshot& process, const heap::Heaps& heaps,
                           bool with_blocks);

}  // namespace inquest::cause
