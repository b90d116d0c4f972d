#include "cause/detectors/filled_object.h"

#include "cause/runtime/freed_pointer.h"

namespace inquest::cause {

FilledObjectView look_at_filled_object(const Process& process, HeapView& heap, const Story& story) {
  if (!story.holder_object) return {};
  const Address object = *story.holder_object;
  const Whereabouts where = whereabouts(process, object);
  if (where.stack || where.module) {
    return {FilledObject::alive, fmt::format("what held it is {}", where.text)};
  }
  // Microsoft's heaps write another pattern into what they give out, and their debug heap keeps
  // what was freed in blocks that the heap below has in use.
  if (process.snapshot().os == snapshot::Os::windows) return {};
  auto held = heap.at(object);
  if (!held) return {};
  if (held->block.state() != heap::State::used) return {.is = FilledObject::freed};
  const uint64_t size = held->block.size, inside = object - held->block.address();
  constexpr uint64_t kLeastPool = 4096;  // a smaller block is one object with what is inside of it
  if (inside == 0 || size < kLeastPool) {
    return {FilledObject::alive,
            fmt::format("the block of {} bytes at {} that held it is in use, say the books of {}",
                        size, held->block.address(), held->allocator)};
  }
  return {FilledObject::within,
          fmt::format("what held it lies {} bytes into a block of {} bytes that is in use, which "
                      "may be a pool of the program's own",
                      inside, size)};
}

}  // namespace inquest::cause
