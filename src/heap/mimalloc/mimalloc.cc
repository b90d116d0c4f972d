#include "heap/mimalloc/mimalloc.h"

#include "heap/collect.h"
#include "heap/mimalloc/layout.h"
#include "heap/mimalloc/pages.h"
#include "heap/mimalloc/segments.h"

namespace inquest::heap {
namespace mimalloc {
namespace {

/// The library, or the module that the main thread's heap lies in: in .bss, unlike the others'.
size_t module_of(const snapshot::Snapshot& process, const std::set<uint64_t>& heaps) {
  for (uint64_t heap : heaps) {
    for (size_t i = 0; i < process.modules.size(); ++i) {
      for (const AddressRange& data : writable_data(process, process.modules[i])) {
        if (data.contains({heap})) return i;
      }
    }
  }
  return SIZE_MAX;
}

class Reader {
 public:
  Reader(const Input& input, Heaps& heaps)
      : process_(input.process), words_(process_.memory), collector_(heaps, {.name = "mimalloc"}) {}

  void read(const std::vector<Segment>& segments) {
    Delayed delayed = find_delayed(words_, segments, collector_);
    for (const Segment& segment : segments) {
      size_t arena = arena_of(segment.thread, delayed.heaps);
      AddressRange range{{segment.at}, {segment.at + segment.slices * kSlice}};
      collector_.arena(arena).segments.push_back(range);
      uint64_t head = segment.info * kSlice;
      book(segment.at, head);
      if (segment.in_use) {
        read_segment(words_, segment, delayed.blocks, arena, collector_);
      } else {
        collector_.add(segment.at + head, range.size() - head, State::free, arena);
      }
    }
    for (auto& [thread, arena] : arenas_) join(collector_.arena(arena).segments);
    for (uint64_t heap : delayed.heaps) book(heap, kHeapBytes);
    Allocator& allocator = collector_.allocator();
    join(allocator.books);
    allocator.module = module_of(process_, delayed.heaps);
    allocator.layout =
        fmt::format("2.0: {} segments of slices of 64 KiB, plain free lists, {} heaps",
                    segments.size(), delayed.heaps.size());
    if (!delayed.all) {
      collector_.warn(
          "a heap of mimalloc was not understood: blocks that other threads freed may "
          "count as used",
          "only 2.0.9 as Debian 12 builds it is known");
    }
    collector_.finish("mimalloc");
  }

 private:
  void book(uint64_t at, uint64_t bytes) {
    collector_.allocator().books.push_back({{at}, {at + bytes}});
  }
  /// Segments are a thread's; a thread's number is its thread pointer.
  size_t arena_of(uint64_t thread, const std::set<uint64_t>& heaps) {
    auto [arena, added] = arenas_.emplace(thread, 0);
    if (!added) return arena->second;
    Arena made{.name = "segments of threads that ended, and huge blocks"};
    if (thread != 0) {
      made.name = fmt::format("segments of the thread at {:#x}", thread);
      for (const snapshot::Thread& one : process_.threads) {
        if (one.tls != thread) continue;
        made.threads.push_back(one.id);
        made.name = fmt::format("segments of thread {}", one.id);
      }
      for (uint64_t heap : heaps) {
        if (words_.word(heap + kHeapThread) == thread) made.at = {heap};
      }
    }
    return arena->second = collector_.add_arena(std::move(made));
  }

  const snapshot::Snapshot& process_;
  Words words_;
  Collector collector_;
  std::map<uint64_t, size_t> arenas_;  // by thread
};

}  // namespace
}  // namespace mimalloc

void find_mimalloc(const Input& input, Heaps& heaps) {
  const snapshot::Snapshot& process = input.process;
  if (process.os != snapshot::Os::linux || process.arch != snapshot::Arch::x86_64) return;
  auto segments = mimalloc::find_segments(process);
  if (!segments.empty()) return mimalloc::Reader(input, heaps).read(segments);
  for (const snapshot::Module& module : process.modules) {
    if (module.file_name().find("mimalloc") == std::string_view::npos) continue;
    heaps.warnings.push_back(
        {.what = fmt::format("{} is loaded, but no segment of mimalloc 2.0 was found", module.path),
         .advice = "its blocks are not listed; only 2.0.9 as Debian 12 builds it is known, and the "
                   "dump must hold anonymous memory"});
  }
}

}  // namespace inquest::heap
