#include "cause/heap/heap_answer.h"

#include <algorithm>

#include "cause/contents.h"
#include "heap/statistics.h"

namespace inquest::cause {
namespace {

answer::HeapUsage usage_values(const heap::Usage& usage) {
  auto sum = [&](heap::State state) {
    return answer::HeapSum{usage[state].count, usage[state].bytes};
  };
  return {sum(heap::State::used), sum(heap::State::cached), sum(heap::State::free),
          sum(heap::State::unused)};
}

answer::HeapBlock block_values(const heap::Block& block) {
  return {.at = block.address(),
          .size = block.size,
          .state = heap::name(block.state()),
          .arena = block.arena,
          .mapped = block.mapped != 0};
}

void add_arenas(answer::Heap& answer, const heap::Heaps& heaps, const heap::Statistics& sums) {
  for (size_t i = 0; i < heaps.arenas.size(); ++i) {
    const heap::Arena& arena = heaps.arenas[i];
    answer.arenas.push_back({.name = arena.name,
                             .allocator = heaps.allocators[arena.allocator].name,
                             .at = arena.at,
                             .segments = arena.segments.size(),
                             .system_bytes = arena.system_bytes,
                             .threads = arena.threads,
                             .usage = usage_values(sums.arenas[i])});
  }
}

void add_faults(answer::Heap& answer, const heap::Heaps& heaps) {
  auto beside = [&](std::optional<Address> at) -> std::optional<answer::HeapBlock> {
    const heap::Block* block = at ? heaps.block_at(*at) : nullptr;
    if (!block) return {};
    return block_values(*block);
  };
  for (const heap::Fault& fault : heaps.faults) {
    answer.faults.push_back(
        {.at = fault.at,
         .what = fault.what,
         .arena = fault.arena < heaps.arenas.size() ? heaps.arenas[fault.arena].name : "",
         .before = beside(fault.before),
         .after = beside(fault.after)});
  }
}

}  // namespace

answer::Heap describe_heap(const snapshot::Snapshot& process, const heap::Heaps& heaps,
                           bool with_blocks) {
  heap::Statistics sums = heap::sum_up(heaps);
  answer::Heap answer;
  answer.dump = describe_dump(process);
  for (const heap::Allocator& allocator : heaps.allocators) {
    answer.allocators.push_back({.name = allocator.name, .layout = allocator.layout});
    if (allocator.module < process.modules.size()) {
      answer.allocators.back().module = process.modules[allocator.module].file_name();
    }
  }
  add_arenas(answer, heaps, sums);
  answer.usage = usage_values(sums.all);
  double all_bytes = std::max<double>(1, static_cast<double>(answer.usage.used.bytes));
  for (const heap::SizeSum& size : sums.used_sizes) {
    answer.sizes.push_back(
        {size.size, size.count, size.bytes(), static_cast<double>(size.bytes()) / all_bytes});
  }
  std::stable_sort(answer.sizes.begin(), answer.sizes.end(),
                   [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  for (const heap::FreeSum& size : sums.free_sizes) {
    answer.free_sizes.push_back({size.least, size.sum.count, size.sum.bytes});
  }
  answer.largest_free = sums.largest_free;
  answer.usual_size = sums.usual_size;
  answer.crumbs = {sums.crumbs.count, sums.crumbs.bytes};
  add_faults(answer, heaps);
  if (with_blocks) {
    answer.blocks.reserve(heaps.blocks.size());
    for (const heap::Block& block : heaps.blocks) answer.blocks.push_back(block_values(block));
  }
  answer.warnings = process.warnings;
  answer.warnings.insert(answer.warnings.end(), heaps.warnings.begin(), heaps.warnings.end());
  return answer;
}

}  // namespace inquest::cause
