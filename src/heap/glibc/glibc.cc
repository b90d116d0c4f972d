#include "heap/glibc/glibc.h"

#include <algorithm>
#include <fmt/core.h>

#include "heap/glibc/mapped.h"
#include "heap/glibc/threads.h"

namespace inquest::heap::glibc {
namespace {

class Finder {
 public:
  explicit Finder(const Input& input) : input_(input), memory_(input.process.memory) {}

  Heaps find() {
    libraries_ = find_libraries(input_);
    if (libraries_.empty()) return {};
    std::optional<MappedCount> counted;
    for (size_t i = 0; i < libraries_.size(); ++i) {
      auto count = find_main_segments(input_, memory_, libraries_[i]);
      if (i == 0) counted = count;
    }
    // The counters are of the first library; a second one may have mapped blocks as well.
    if (libraries_.size() > 1) counted.reset();
    mapped_ = find_mapped(input_, memory_, libraries_, counted);
    for (size_t i = 0; i < libraries_.size(); ++i) take_library(i);
    warn_of_mapped(counted);
    finish_faults();
    return std::move(heaps_);
  }

 private:
  void take_library(size_t index) {
    const Library& library = libraries_[index];
    const size_t offset = heaps_.arenas.size();
    add_arenas(library);
    Walk walk;
    walk.sums.resize(library.arenas.size());
    auto mapped = mapped_.begin();
    size_t mapped_arena = heaps_.arenas.size();
    bool has_mapped = index == 0 && !mapped_.empty();
    if (has_mapped) add_mapped_arena();
    // Blocks come out in ascending order.
    for (const Segment& segment : library.segments) {
      while (has_mapped && mapped != mapped_.end() && mapped->memory < segment.begin)
        put(*mapped++, mapped_arena, walk);
      walk_segment(memory_, library, segment, offset, walk);
    }
    while (has_mapped && mapped != mapped_.end()) put(*mapped++, mapped_arena, walk);

    ThreadsFound threads = find_threads(input_, memory_, library, walk.maybe_caches);
    std::optional<bool> mangled = mark_cached(memory_, library, threads.caches, offset, walk);
    for (size_t i = 0; i < library.arenas.size(); ++i)
      check_bins(memory_, library, i, offset, walk);
    add_books(index, threads, walk);
    for (auto [thread, arena] : threads.arena_of)
      heaps_.arenas[offset + arena].threads.push_back(thread);
    heaps_.allocators[index].layout = layout_words(library, threads, mangled);
    keep(std::move(walk), library, offset);
  }

  void add_arenas(const Library& library) {
    heaps_.allocators.push_back({.name = "glibc", .module = library.module});
    size_t allocator = heaps_.allocators.size() - 1, first = heaps_.arenas.size();
    for (size_t i = 0; i < library.arenas.size(); ++i) {
      const ArenaState& arena = library.arenas[i];
      heaps_.arenas.push_back({.allocator = allocator,
                               .name = arena.main ? "main arena" : fmt::format("arena {}", i),
                               .at = {arena.at},
                               .system_bytes = arena.system_bytes});
    }
    for (const Segment& segment : library.segments) {
      heaps_.arenas[first + segment.arena].segments.push_back({{segment.begin}, {segment.end}});
    }
  }

  void add_mapped_arena() {
    Arena arena{.allocator = 0, .name = "blocks with a mapping of their own"};
    uint64_t bytes = 0;
    for (const MappedChunk& chunk : mapped_) {
      arena.segments.push_back(chunk.mapping);
      bytes += chunk.mapping.size();
    }
    arena.system_bytes = bytes;
    heaps_.arenas.push_back(std::move(arena));
  }

  static void put(const MappedChunk& chunk, size_t arena, Walk& walk) {
    Block block;
    block.begin = chunk.memory;
    block.arena = arena;
    block.size = chunk.usable;
    block.mapped = 1;
    block.set_state(State::used);
    walk.blocks.push_back(block);
  }

  /// What malloc keeps for itself: the arenas, what stands before the chunks of a heap, the
  /// threads' caches.
  void add_books(size_t index, const ThreadsFound& threads, Walk& walk) {
    const Library& library = libraries_[index];
    auto& books = heaps_.allocators[index].books;
    const ArenaState& main = library.arenas.front();
    books.push_back({{main.at}, {main.at + library.layout.arena_bytes()}});
    for (const Segment& segment : library.segments) {
      if (segment.begin < segment.first) books.push_back({{segment.begin}, {segment.first}});
    }
    for (const ThreadCache& cache : threads.caches) {
      Block* block = block_that_begins(walk.blocks, cache.at);
      if (!block) continue;
      block->set_state(State::unused);
      books.push_back(block->range());
    }
    std::sort(books.begin(), books.end());
  }

  void keep(Walk&& walk, const Library& library, size_t offset) {
    for (auto* faults : {&library.faults, static_cast<const std::vector<Fault>*>(&walk.faults)}) {
      for (Fault fault : *faults) {
        fault.arena += offset;
        heaps_.faults.push_back(std::move(fault));
      }
    }
    if (heaps_.blocks.empty()) {
      heaps_.blocks = std::move(walk.blocks);
      return;
    }
    size_t middle = heaps_.blocks.size();
    heaps_.blocks.insert(heaps_.blocks.end(), walk.blocks.begin(), walk.blocks.end());
    std::inplace_merge(heaps_.blocks.begin(),
                       heaps_.blocks.begin() + static_cast<ptrdiff_t>(middle), heaps_.blocks.end(),
                       [](const Block& a, const Block& b) { return a.begin < b.begin; });
  }

  /// The versions that every structure seen agrees with, then what was seen.
  static std::string layout_words(const Library& library, const ThreadsFound& threads,
                                  std::optional<bool> mangled) {
    constexpr int kNewest = 99;
    int from = 26, to = kNewest;
    std::string seen;
    auto is = [&](int first, int last, std::string_view what) {
      from = std::max(from, first);
      to = std::min(to, last);
      seen += (seen.empty() ? "" : ", ") + std::string(what);
    };
    if (threads.caches.empty()) {
      is(26, kNewest, "no thread caches");
    } else if (const CacheLayout& cache = threads.caches.front().layout; cache.counts_room) {
      is(42, kNewest, "thread caches of 76 sizes");
    } else if (cache.count_bytes == 2) {
      is(30, 41, "thread caches of 64 sizes");
    } else {
      is(26, 29, "thread caches with counts of a byte");
    }
    if (library.layout.fast_bins() == 0) {
      is(43, kNewest, "no fast bins");
    } else {
      bool first = library.layout.top == 0x58 || library.layout.top == 0x34;
      is(first ? 26 : 27, first ? 26 : 42, "fast bins");
    }
    if (mangled)
      is(*mangled ? 32 : 26, *mangled ? kNewest : 31, *mangled ? "mangled links" : "plain links");
    if (library.heap_info_bytes == 0x30) from = std::max(from, 35);
    if (library.heap_info_bytes == 0x20) to = std::min(to, 34);
    std::string versions = to == kNewest ? fmt::format("2.{} or later", from)
                           : from < to   ? fmt::format("2.{} to 2.{}", from, to)
                           : from == to  ? fmt::format("2.{}", from)
                                         : "no version that is known";
    return versions + ": " + seen;
  }

  void warn_of_mapped(const std::optional<MappedCount>& counted) {
    if (!counted || counted->count == mapped_.size()) return;
    heaps_.warnings.push_back(
        {fmt::format("malloc counts {} blocks with mappings of their own; {} were found",
                     counted->count, mapped_.size()),
         "the dump may lack some of them; gcore and `inquest dump` write all memory"});
  }

  /// In address order, each with the blocks beside it.
  void finish_faults() {
    auto& faults = heaps_.faults;
    std::stable_sort(faults.begin(), faults.end(),
                     [](const Fault& a, const Fault& b) { return a.at < b.at; });
    for (Fault& fault : faults) {
      auto next =
          std::upper_bound(heaps_.blocks.begin(), heaps_.blocks.end(), fault.at.value,
                           [](uint64_t at, const Block& block) { return at < block.begin; });
      if (next != heaps_.blocks.end()) fault.after = next->address();
      if (next != heaps_.blocks.begin()) fault.before = std::prev(next)->address();
    }
  }

  const Input& input_;
  Window memory_;
  std::vector<Library> libraries_;
  std::vector<MappedChunk> mapped_;
  Heaps heaps_;
};

}  // namespace

Heaps find(const Input& input) { return Finder(input).find(); }

}  // namespace inquest::heap::glibc
