#include "cause/runtime/heap_view.h"

#include <algorithm>

#include "cause/heap/heap_input.h"

namespace inquest::cause {
namespace {

/// Of memory that may be heap: about a second, and 400 MB of blocks at most.
constexpr uint64_t kMostBytes = uint64_t{4} << 30;

uint64_t bytes_of_heaps(const snapshot::Snapshot& process) {
  uint64_t bytes = 0;
  for (const snapshot::Region& region : process.regions) {
    const bool is_writable = !region.access || region.access->write;
    if (is_writable && (region.file.empty() || region.file == "[heap]")) bytes += region.recorded;
  }
  return bytes;
}

}  // namespace

const heap::Heaps& HeapView::heaps() {
  if (!heaps_) {
    const bool is_quick = bytes_of_heaps(process_.snapshot()) <= kMostBytes;
    heaps_ = is_quick ? heap::find_heaps(heap_input(process_)) : heap::Heaps{};
  }
  return *heaps_;
}

std::optional<HeldBlock> HeapView::at(Address at) {
  const heap::Heaps& all = heaps();
  const heap::Block* block = all.block_at(at);
  if (!block) return {};
  const bool is_damaged = std::ranges::any_of(all.faults, [&](const heap::Fault& fault) {
    const uint64_t low = fault.before ? fault.before->value : fault.at.value;
    const uint64_t high = fault.after ? fault.after->value : fault.at.value;
    return block->begin >= low && block->begin <= high;
  });
  if (is_damaged) return {};
  return HeldBlock{*block, all.allocators[all.arenas[block->arena].allocator].name};
}

}  // namespace inquest::cause
