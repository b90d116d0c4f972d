#include "heap/tcmalloc/tcmalloc.h"

#include <set>

#include "heap/collect.h"
#include "heap/page_tree.h"
#include "heap/tcmalloc/caches.h"
#include "heap/tcmalloc/layout.h"

namespace inquest::heap {
namespace tcmalloc {
namespace {

constexpr TreeShape kPageMap{.root_bits = kRootBits, .leaf_bits = kLeafBits};

/// By the span that a leaf's element names.
std::optional<uint64_t> page_of(Words& words, uint64_t span, uint64_t index) {
  if (span % 8 != 0) return {};
  auto first = words.read<uint64_t>(span + kSpanStart);
  auto count = words.read<uint64_t>(span + kSpanLength);
  auto bits = words.read<uint32_t>(span + kSpanBits);
  if (!first || !count || !bits || *first == 0 || *first >= kMaxPages || *count == 0) return {};
  if (*count >= kMaxPages || SpanBits{*bits}.location() > 2 || *bits >> 28 != 0) return {};
  for (uint64_t last : {*first, *first + *count - 1}) {
    uint64_t page = (last >> kLeafBits << kLeafBits) + index;
    if (page >= *first && page - *first < *count) return page;
  }
  return {};
}

struct Span {
  uint64_t at, first, count, objects;
  SpanBits bits;
  uint64_t begin() const { return first * kPage; }
  uint64_t bytes() const { return count * kPage; }
};

class SpanReader {
 public:
  SpanReader(Words& words, const std::vector<uint32_t>& sizes, Caches& caches, size_t arena,
             Collector& collector)
      : map_(words),
        words_(words),
        sizes_(sizes),
        caches_(caches),
        arena_(arena),
        collector_(collector) {}

  void read(const Leaf& leaf) {
    map_.each_nonzero(leaf.at, kPageMap.leaf_bytes(), [&](uint64_t at, uint64_t span) {
      visit((leaf.key << kLeafBits) + (at - leaf.at) / 8, at, span);
      return true;
    });
  }
  const std::set<uint64_t>& books() const { return books_; }

 private:
  void visit(uint64_t page, uint64_t at, uint64_t address) {
    if (page < end_ || address == bad_) return;
    Span span{.at = address,
              .first = words_.word(address + kSpanStart),
              .count = words_.word(address + kSpanLength),
              .objects = words_.word(address + kSpanObjects),
              .bits = {words_.half(address + kSpanBits)}};
    if (address % 8 != 0 || span.first > page || span.first < end_ || span.count == 0 ||
        span.count >= kMaxPages || page - span.first >= span.count) {
      bad_ = address;
      return fault(at, fmt::format("the page map has page {:#x} in the span at {:#x}, which says "
                                   "that it is {} pages at {:#x}",
                                   page * kPage, address, span.count, span.first * kPage));
    }
    end_ = span.first + span.count;
    books_.insert(address & ~uint64_t{4095});
    auto& segments = collector_.arena(arena_).segments;
    if (!segments.empty() && segments.back().end.value == span.begin()) {
      segments.back().end = {span.begin() + span.bytes()};
    } else {
      segments.push_back({{span.begin()}, {span.begin() + span.bytes()}});
    }
    emit(span);
  }

  void emit(const Span& span) {
    if (span.bits.location() == 1) return add(span.begin(), span.bytes(), State::free);
    if (span.bits.location() == 2) return add(span.begin(), span.bytes(), State::unused);
    if (span.bits.location() == 3 || span.bits.size_class() >= sizes_.size()) {
      return fault(span.at + kSpanBits,
                   fmt::format("the span of {:#x} has flags {:#x}", span.begin(), span.bits.raw));
    }
    if (span.bits.size_class() == 0) {
      uint64_t size = span.bits.sampled() ? sampled_size(span) : span.bytes();
      return add(span.begin(), size, State::used);
    }
    emit_objects(span, sizes_[span.bits.size_class()]);
  }

  /// Of a small block that the sampler gave pages of its own: as if it had none (tc_nallocx).
  uint64_t sampled_size(const Span& span) {
    auto size = std::lower_bound(sizes_.begin() + 1, sizes_.end(), words_.word(span.objects));
    return size == sizes_.end() ? span.bytes() : std::min<uint64_t>(*size, span.bytes());
  }

  void emit_objects(const Span& span, uint64_t size) {
    uint64_t count = span.bytes() / size;
    if (count == 0 || span.count > kMaxClassPages) {
      return fault(span.at + kSpanLength, fmt::format("the span of {:#x} has {} pages of objects",
                                                      span.begin(), span.count));
    }
    states_.assign(count, State::used);
    uint64_t free = mark_free(span, size);
    if (free + span.bits.held() != (count & 0xffff)) {
      fault(span.at + kSpanBits,
            fmt::format("the span of {:#x} says that {} of {} objects are out, its list has {}",
                        span.begin(), span.bits.held(), count, free));
    }
    mark_cached(span, size);
    for (uint64_t i = 0; i < count; ++i) add(span.begin() + i * size, size, states_[i]);
  }
  /// Along the span's list; returns how many objects it has.
  uint64_t mark_free(const Span& span, uint64_t size) {
    uint64_t count = 0;
    for (uint64_t object = span.objects, from = span.at + kSpanObjects; object != 0; ++count) {
      uint64_t offset = object - span.begin(), index = offset / size;
      if (offset % size != 0 || index >= states_.size() || states_[index] != State::used) {
        fault(from, fmt::format("{:#x} in the list of the span of {:#x} is no object that may "
                                "stand there",
                                object, span.begin()));
        break;
      }
      states_[index] = State::free;
      from = object;
      object = words_.word(object);
    }
    return count;
  }
  void mark_cached(const Span& span, uint64_t size) {
    auto& objects = caches_.objects;
    while (next_ < objects.size() && objects[next_].at < span.begin()) ++next_;
    for (; next_ < objects.size() && objects[next_].at - span.begin() < span.bytes(); ++next_) {
      CachedObject& object = objects[next_];
      uint64_t offset = object.at - span.begin(), index = offset / size;
      if (offset % size != 0 || index >= states_.size()) continue;
      if (object.size_class != span.bits.size_class()) continue;
      object.met = true;
      if (states_[index] == State::free) {
        fault(object.at, "the object is cached, and free in its span");
      } else {
        states_[index] = State::cached;
      }
    }
  }

  void add(uint64_t begin, uint64_t size, State state) {
    collector_.add(begin, size, state, arena_);
  }
  void fault(uint64_t at, std::string what) { collector_.fault(at, std::move(what), arena_); }

  Words map_, words_;
  const std::vector<uint32_t>& sizes_;
  Caches& caches_;
  size_t arena_;
  Collector& collector_;
  std::set<uint64_t> books_;  // pages that hold spans' descriptors
  std::vector<State> states_;
  size_t next_ = 0;
  uint64_t end_ = 0, bad_ = 0;
};

void keep_books(const PageTree& map, const std::vector<Leaf>& leaves, const Caches& caches,
                const std::set<uint64_t>& spans, Allocator& allocator) {
  auto book = [&](uint64_t at, uint64_t bytes) { allocator.books.push_back({{at}, {at + bytes}}); };
  book(map.root, kPageMap.root_bytes());
  for (const Leaf& leaf : leaves) book(leaf.at, kPageMap.leaf_bytes());
  for (uint64_t cache : caches.threads) book(cache, kCacheBytes);
  for (uint64_t page : spans) book(page, 4096);
  join(allocator.books);
}

bool read(const Input& input, const PageTree& map, Heaps& heaps) {
  Words words(input.process.memory);
  auto sizes = find_size_classes(words, map.data);
  if (!sizes) return false;  // something else that looks like a page map
  Collector collector(heaps, {.name = "tcmalloc", .module = map.module});
  size_t arena = collector.add_arena({.name = "page heap"});
  for (const snapshot::Thread& thread : input.process.threads) {
    collector.arena(arena).threads.push_back(thread.id);
  }
  Caches caches = find_caches(input.process, map.data, *sizes, collector);
  auto [leaves, broken] = read_root(words, map.root, kPageMap);
  collector.fault_roots(broken);
  SpanReader reader(words, *sizes, caches, arena, collector);
  for (const Leaf& leaf : leaves) reader.read(leaf);
  collector.restart();
  for (const CachedObject& object : caches.objects) {
    if (object.met) continue;
    collector.fault(object.at,
                    fmt::format("what a cache of {} bytes holds is no object that was given out",
                                (*sizes)[object.size_class]),
                    arena);
  }
  keep_books(map, leaves, caches, reader.books(), collector.allocator());
  collector.allocator().layout =
      fmt::format("gperftools 2.10: pages of 8 KiB, {} size classes, caches of {} threads",
                  sizes->size() - 1, caches.threads.size());
  if (!caches.central || caches.threads.empty()) {
    collector.warn(fmt::format("{} of tcmalloc were not found: blocks in them count as used",
                               caches.central ? "the threads' caches" : "the transfer caches"),
                   "only the layout of gperftools 2.10 is known");
  }
  collector.finish("tcmalloc");
  return true;
}

}  // namespace
}  // namespace tcmalloc

void find_tcmalloc(const Input& input, Heaps& heaps) {
  const snapshot::Snapshot& process = input.process;
  if (process.os != snapshot::Os::linux || process.arch != snapshot::Arch::x86_64) return;
  std::set<size_t> read;
  for (const PageTree& map : find_page_trees(process, tcmalloc::kPageMap, tcmalloc::page_of)) {
    if (tcmalloc::read(input, map, heaps)) read.insert(map.module);
  }
  for (size_t i = 0; i < process.modules.size(); ++i) {
    const snapshot::Module& module = process.modules[i];
    if (read.contains(i) || module.file_name().find("tcmalloc") == std::string_view::npos) continue;
    heaps.warnings.push_back(
        {.what = fmt::format("{} is loaded, but no page map and size classes of gperftools 2.10 "
                             "were found in its data",
                             module.path),
         .advice = "its blocks are not listed; the dump must hold the library's writable memory"});
  }
}

}  // namespace inquest::heap
