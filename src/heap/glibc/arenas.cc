#include "heap/glibc/arenas.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <optional>
#include <set>

#include "heap/glibc/tops.h"

namespace inquest::heap::glibc {
namespace {

constexpr size_t kMostArenas = 60'000;  // Block::arena has 16 bits
constexpr size_t kMostLibraries = 16;

bool is_chunk_pointer(Window& memory, uint64_t value, unsigned word) {
  return value != 0 && (value + 2 * word) % kAlign == 0 && memory.has(value + word);
}

constexpr unsigned kMayBeBroken = 4;

/// How many bins are neither empty nor a list of chunks; stops at one more than may be.
unsigned broken_bins(Window& memory, uint64_t fields, const Layout& layout) {
  unsigned broken = 0;
  for (unsigned i = 0; i < kBins; ++i) {
    uint64_t self = fields + layout.bin(i), at = self + layout.header();
    uint64_t fd = memory.word(at, layout.word), bk = memory.word(at + layout.word, layout.word);
    if (fd == self && bk == self) continue;
    broken += fd == self || bk == self || !is_chunk_pointer(memory, fd, layout.word) ||
              !is_chunk_pointer(memory, bk, layout.word);
    if (broken > kMayBeBroken) break;
  }
  return broken;
}

ArenaState read_arena(Window& memory, uint64_t fields, const Layout& layout) {
  ArenaState arena;
  arena.at = fields - layout.top;
  arena.fields = fields;
  arena.top = memory.word(fields, layout.word);
  arena.system_bytes = memory.word(fields + layout.system_bytes(), layout.word);
  uint32_t flags = 0;
  memory.read(fields + layout.flags(), flags);
  arena.flags = flags;
  return arena;
}

/// The heap_info in front of a thread arena at `arena`: its size; absent when there is none.
std::optional<uint64_t> heap_info_before(Window& memory, uint64_t arena, unsigned word) {
  for (uint64_t bytes : sizes_of_heap_info(word)) {
    uint64_t info = arena - bytes;
    if (info % kPage == 0 && memory.word(info, word) == arena) return bytes;
  }
  return {};
}

/// Whether a heap_info may stand right in front of `arena`.
bool is_behind_heap_info(uint64_t arena, unsigned word) {
  return std::ranges::any_of(sizes_of_heap_info(word),
                             [&](uint64_t bytes) { return (arena - bytes) % kPage == 0; });
}

/// Looks for one library whose main arena has its `top` at a given place.
class LibraryFinder {
 public:
  LibraryFinder(const Input& input, Window& memory) : input_(input), memory_(memory) {
    library_.layout.word = snapshot::pointer_size(input.process.arch);
  }

  std::optional<Library> at(uint64_t fields) {
    Layout& layout = library_.layout;
    uint64_t top = memory_.word(fields, layout.word);
    bool is_used = word(fields + layout.system_bytes()) != 0;
    if ((top == 0 || top == fields) && !is_used) return {};
    // A few may be damaged; a place that merely looks like the last bin has all broken.
    if (broken_bins(memory_, fields, layout) > kMayBeBroken) return {};
    if (!follow_ring(fields)) return {};
    find_heaps();
    read_segments();
    return std::move(library_);
  }

 private:
  uint64_t word(uint64_t at) { return memory_.word(at, library_.layout.word); }
  void fault(uint64_t at, std::string what, size_t arena) {
    library_.faults.push_back({.at = {at}, .what = std::move(what), .arena = arena});
  }

  bool place_of_top_from_thread_arena(uint64_t arena) {
    for (uint64_t place : places_of_top(library_.layout.word)) {
      Layout layout = library_.layout;
      layout.top = place;
      uint64_t last_bin = arena + place + layout.bin(kBins - 1) + layout.header();
      if (!is_empty_bin(memory_, last_bin, layout.word)) continue;
      library_.layout = layout;
      return true;
    }
    return false;
  }

  /// From the main arena along `next` until it comes back, which also tells where `top` is in it.
  bool follow_ring(uint64_t main) {
    Layout& layout = library_.layout;
    uint64_t next = word(main + layout.next());
    bool known = false;
    for (uint64_t place : places_of_top(layout.word)) {
      if (next != main - place) continue;
      layout.top = place;
      known = true;
    }
    bool closed = known;
    if (!known && is_behind_heap_info(next, layout.word)) {
      known = place_of_top_from_thread_arena(next);
    }
    // Without any ring only a layout that a thread arena's heap bears out is believed.
    if (!known) {
      if (!is_damaged_ring(main)) return false;
    }
    library_.arenas.push_back(read_arena(memory_, main, layout));
    library_.arenas.front().main = true;
    while (!closed && library_.arenas.size() < kMostArenas) {
      if (next == library_.arenas.front().at) {
        closed = true;
        break;
      }
      auto bytes = heap_info_before(memory_, next, layout.word);
      if (!bytes) bytes = heap_info_of_sound_arena(next);
      if (!bytes || knows(next)) break;
      library_.heap_info_bytes = *bytes;
      library_.arenas.push_back(read_arena(memory_, next + layout.top, layout));
      next = word(next + layout.top + layout.next());
    }
    if (!closed) {
      uint64_t last = library_.arenas.back().fields + layout.next();
      fault(last, fmt::format("the ring of arenas is broken: {:#x} is no arena", word(last)),
            library_.arenas.size() - 1);
    }
    return true;
  }

  /// The ring's pointer of the main arena may be what was overwritten: the rest must be without
  /// fault.
  bool is_damaged_ring(uint64_t main) {
    const Layout& layout = library_.layout;
    uint64_t top = word(main), system = word(main + layout.system_bytes());
    uint64_t most = word(main + layout.system_bytes() + layout.word);
    uint64_t threads = word(main + layout.attached_threads());
    return broken_bins(memory_, main, layout) == 0 && is_chunk_pointer(memory_, top, layout.word) &&
           system != 0 && system % kAlign == 0 && system <= most && threads < 1 << 22;
  }

  /// The size of the heap_info in front of an arena that it does not point to, where all that the
  /// arena says of itself makes it one: the pointer was overwritten.
  std::optional<uint64_t> heap_info_of_sound_arena(uint64_t arena) {
    const Layout& layout = library_.layout;
    const uint64_t fields = arena + layout.top;
    if (!is_empty_bin(memory_, fields + layout.bin(kBins - 1) + layout.header(), layout.word) ||
        broken_bins(memory_, fields, layout) > 1 ||
        !is_chunk_pointer(memory_, word(fields), layout.word)) {
      return {};
    }
    for (uint64_t bytes : sizes_of_heap_info(layout.word)) {
      if ((arena - bytes) % layout.heap_max() == 0) return bytes;
    }
    return {};
  }

  bool knows(uint64_t arena) const {
    return std::any_of(library_.arenas.begin(), library_.arenas.end(),
                       [&](const ArenaState& other) { return other.at == arena; });
  }
  std::optional<size_t> index_of(uint64_t arena) const {
    auto found = arena_index_.find(arena);
    if (found == arena_index_.end()) return {};
    return found->second;
  }

  /// Of the heap whose heap_info is at `info`.
  std::optional<size_t> arena_of_heap(uint64_t info) {
    auto claimed = claimed_.find(info);
    return claimed != claimed_.end() ? claimed->second : index_of(word(info));
  }

  void add_heap(uint64_t info) { heaps_.push_back(info); }

  /// Adds a heap that the arena, or another heap of it, leads to, whatever its own pointer says.
  void add_heap_of(size_t index, uint64_t info) {
    const uint64_t arena = library_.arenas[index].at;
    if (word(info) != arena && claimed_.emplace(info, index).second &&
        library_.faults.size() < 1000) {
      fault(info, fmt::format("the heap's arena is {:#x}, not {:#x}", arena, word(info)), index);
    }
    add_heap(info);
  }

  /// Whether a heap of the arena begins at `info`, where something sound leads: its pointer to the
  /// arena may have been overwritten, but not the rest as well.
  bool is_heap_of(const ArenaState& arena, uint64_t info) {
    if (word(info) == arena.at) return true;
    if (info % library_.layout.heap_max() != 0 || index_of(word(info))) return false;
    const uint64_t size = word(info + 2 * library_.layout.word);
    const AddressRange run = writable_run(input_.process, info);
    return size != 0 && size % kPage == 0 && !run.empty() && size <= run.end.value - info;
  }

  /// All heap_infos: at every multiple of their size in writable memory, and along the chains.
  void find_heaps() {
    for (size_t i = 0; i < library_.arenas.size(); ++i) arena_index_[library_.arenas[i].at] = i;
    uint64_t step = library_.layout.heap_max();
    for (const auto& region : input_.process.regions) {
      if (!region.file.empty() && !region.file.starts_with("[")) continue;
      uint64_t at = region.range.begin.value;
      while (auto held = memory_.next_held(at)) {
        at = (*held + step - 1) & ~(step - 1);
        if (at < *held || at >= region.range.end.value) break;
        look_at_heap(at);
        if (at + step < at) break;  // the end of all addresses
        at += step;
      }
    }
    for (size_t i = 0; i < library_.arenas.size(); ++i) follow_heaps(i);
    std::sort(heaps_.begin(), heaps_.end());
    heaps_.erase(std::unique(heaps_.begin(), heaps_.end()), heaps_.end());
  }

  void look_at_heap(uint64_t info) {
    uint64_t arena = word(info);
    if (arena_of_heap(info)) return add_heap(info);
    // A first heap whose arena the ring does not know.
    auto bytes = heap_info_before(memory_, arena, library_.layout.word);
    if (!bytes || arena - *bytes != info || library_.arenas.size() >= kMostArenas) return;
    ArenaState state = read_arena(memory_, arena + library_.layout.top, library_.layout);
    uint64_t last_bin = state.fields + library_.layout.bin(kBins - 1) + library_.layout.header();
    if (!is_empty_bin(memory_, last_bin, library_.layout.word)) return;
    state.in_ring = false;
    library_.heap_info_bytes = *bytes;
    arena_index_[arena] = library_.arenas.size();
    library_.arenas.push_back(state);
    fault(arena, "the arena is not in the ring of arenas", library_.arenas.size() - 1);
    add_heap(info);
  }

  /// From the heap that holds `top` along `prev`.
  void follow_heaps(size_t index) {
    const ArenaState& arena = library_.arenas[index];
    if (arena.main) return;
    std::set<uint64_t> seen;  // a damaged chain may be a circle
    uint64_t info = heap_of_top(arena);
    while (info != 0 && is_heap_of(arena, info) && seen.insert(info).second) {
      add_heap_of(index, info);
      info = word(info + library_.layout.word);
    }
    add_heap_of(index, arena.at - library_.heap_info_bytes);
  }

  /// Its begin is found by alignment; with huge pages a heap is four of them. 0: none.
  uint64_t heap_of_top(const ArenaState& arena) {
    constexpr uint64_t kMiB = 1 << 20;
    const uint64_t usual = library_.layout.heap_max();
    for (uint64_t size : {usual, 8 * kMiB, 4096 * kMiB, 128 * kMiB, 2048 * kMiB, kMiB / 4}) {
      uint64_t begin = arena.top & ~(size - 1);
      if (word(begin) == arena.at) return begin;
    }
    return memory_.has(arena.top) ? arena.top & ~(usual - 1) : 0;
  }

  void read_segments() {
    const Layout& layout = library_.layout;
    for (uint64_t info : heaps_) {
      auto index = arena_of_heap(info);
      if (!index) continue;
      const ArenaState& arena = library_.arenas[*index];
      Segment segment;
      segment.begin = info;
      segment.arena = *index;
      segment.end = info + heap_size(info, *index);
      uint64_t first = info + library_.heap_info_bytes;
      if (arena.at == first) first += layout.arena_bytes();
      segment.first = ((first + layout.header() + kAlign - 1) & ~(kAlign - 1)) - layout.header();
      segment.has_top = arena.top >= segment.first && arena.top < segment.end;
      if (segment.first < segment.end) library_.segments.push_back(segment);
    }
    find_lost_tops();
    // Damage may make them overlap.
    auto& segments = library_.segments;
    for (size_t i = 0; i + 1 < segments.size(); ++i) {
      segments[i].end = std::min(segments[i].end, segments[i + 1].begin);
    }
  }

  /// An arena whose top is in none of its heaps. With one heap only, top must have been in that.
  void find_lost_tops() {
    std::map<size_t, std::vector<Segment*>> of_arena;
    for (Segment& segment : library_.segments) of_arena[segment.arena].push_back(&segment);
    for (auto& [arena, segments] : of_arena) {
      if (std::ranges::any_of(segments, &Segment::has_top)) continue;
      if (segments.size() == 1) {
        segments[0]->has_top = true;  // the walk names it
      } else if (library_.faults.size() < 1000) {
        uint64_t fields = library_.arenas[arena].fields;
        fault(fields, fmt::format("top, {:#x}, is no chunk of the heap", word(fields)), arena);
      }
    }
  }

  /// `size` of the heap_info, held to what is mapped there.
  uint64_t heap_size(uint64_t info, size_t arena) {
    uint64_t at = info + 2 * library_.layout.word, size = word(at);
    AddressRange run = writable_run(input_.process, info);
    uint64_t mapped = run.empty() ? library_.layout.heap_max() : run.end.value - info;
    if (size != 0 && size % kPage == 0 && size <= mapped) return size;
    if (library_.faults.size() < 1000) {
      fault(
          at,
          fmt::format("the size of a heap, {:#x}, is not that of its mapping, {:#x}", size, mapped),
          arena);
    }
    return std::min(mapped, library_.layout.heap_max());
  }

  const Input& input_;
  Window& memory_;
  Library library_;
  std::map<uint64_t, size_t> arena_index_;  ///< of malloc_state -> index of the arena
  std::map<uint64_t, size_t>
      claimed_;  ///< heap_info whose pointer is damaged -> index of the arena
  std::vector<uint64_t> heaps_;
};

}  // namespace

AddressRange writable_run(const snapshot::Snapshot& process, uint64_t at) {
  auto is_ours = [](const snapshot::Region& region) {
    return !region.access || (region.access->write && region.access->read);
  };
  const snapshot::Region* first = process.region_at({at});
  if (!first || !is_ours(*first)) return {};
  const snapshot::Region* last = first;
  const auto& regions = process.regions;
  while (first != regions.data() && first[-1].range.end == first->range.begin &&
         is_ours(first[-1]) && first[-1].file == first->file) {
    --first;
  }
  while (last + 1 != regions.data() + regions.size() && last[1].range.begin == last->range.end &&
         is_ours(last[1]) && last[1].file == last->file) {
    ++last;
  }
  return {first->range.begin, last->range.end};
}

std::vector<Library> find_libraries(const Input& input) {
  Window memory(input.process.memory);
  std::vector<uint64_t> tops = find_tops(input.process, memory);
  std::vector<Library> libraries;
  std::set<uint64_t> known;
  for (uint64_t top : tops) {
    if (!known.insert(top).second) continue;
    auto library = LibraryFinder(input, memory).at(top);
    if (!library) continue;
    for (size_t i = 0; i < input.process.modules.size(); ++i) {
      if (input.process.modules[i].range.contains({top})) library->module = i;
    }
    libraries.push_back(*std::move(library));
    if (libraries.size() >= kMostLibraries) break;
  }
  return libraries;
}

}  // namespace inquest::heap::glibc
