#include "heap/glibc/mapped.h"

#include <algorithm>

namespace inquest::heap::glibc {
namespace {

/// Looks at every page that no segment owns.
class MappedScan {
 public:
  MappedScan(const Input& input, Window& memory, std::vector<Library>& libraries)
      : input_(input),
        memory_(memory),
        libraries_(libraries),
        layout_(libraries.front().layout),
        word_(layout_.word) {
    constexpr uint64_t kNotContiguous = 2;
    pieces_ = (libraries.front().arenas.front().flags & kNotContiguous) != 0;
  }

  std::vector<MappedChunk> all(const std::optional<MappedCount>& expected) {
    if (expected && expected->count == 0 && !pieces_) return {};
    for (const AddressRange& run : anonymous_runs()) scan(run);
    return std::move(found_);
  }

 private:
  uint64_t word(uint64_t at) { return memory_.word(at, word_); }

  static bool may_hold_blocks(const snapshot::Region& region) {
    if (region.access && (!region.access->write || !region.access->read)) return false;
    return region.file.empty() || region.file == "[heap]" || region.file.starts_with("[stack:") ||
           region.file.starts_with("/anon_hugepage");
  }

  /// Anonymous memory, regions that touch joined, without what segments own.
  std::vector<AddressRange> anonymous_runs() const {
    std::vector<AddressRange> owned, runs;
    for (const Library& library : libraries_) {
      for (const Segment& segment : library.segments)
        owned.push_back({{segment.begin}, {segment.end}});
    }
    std::sort(owned.begin(), owned.end());
    auto own = owned.begin();
    for (const auto& region : input_.process.regions) {
      if (!may_hold_blocks(region)) continue;
      Address at = region.range.begin;
      // A mapping right behind a module's .bss becomes one with it.
      if (const auto* module = input_.process.module_at(at))
        at = Address{(module->range.end.value + kPage - 1) & ~(kPage - 1)};
      while (at < region.range.end) {
        while (own != owned.end() && own->end <= at) ++own;
        Address end =
            own != owned.end() ? std::min(own->begin, region.range.end) : region.range.end;
        if (at < end) {
          if (!runs.empty() && runs.back().end == at) {
            runs.back().end = end;
          } else {
            runs.push_back({at, end});
          }
        }
        if (end == region.range.end) break;
        at = own->end;
      }
    }
    return runs;
  }

  void scan(const AddressRange& run) {
    uint64_t at = (run.begin.value + kPage - 1) & ~(kPage - 1);
    while (at < run.end.value && run.end.value - at >= kPage) {
      // A damaged region may claim a terabyte that the dump does not hold.
      auto held = input_.process.memory.next_held({at});
      if (!held || *held >= run.end) return;
      if (held->value - at >= kPage) {
        at = held->value & ~(kPage - 1);
        continue;
      }
      if (uint64_t end = take_mapped(at, run.end.value)) {
        at = end;
      } else if (uint64_t piece_end = pieces_ ? take_piece(at, run.end.value) : 0) {
        at = piece_end;
      } else {
        at += kPage;
      }
    }
  }

  /// Size of the mapping that begins at `begin` by the header at begin + offset; 0 when that is
  /// none. Newer versions leave the room of a header at the end.
  uint64_t mapping_size(uint64_t begin, uint64_t offset, bool& newer) {
    uint64_t chunk = begin + offset, head = word(chunk + word_);
    if ((head & kFlags) != kMapped) return 0;
    uint64_t noted = word(chunk), size = head & ~kFlags;
    if (noted != offset && noted != (offset | 1)) return 0;
    if (size > uint64_t{1} << 46 || size < layout_.min_chunk()) return 0;
    newer = (offset + size) % kPage == kPage - layout_.header();
    if (!newer && (noted & 1 || (offset + size) % kPage != 0)) return 0;
    return offset + size + (newer ? layout_.header() : 0);
  }

  /// Returns the end of the mapping; 0 when none begins here. The header that counts is the last
  /// that memalign moved; those before it are left as they were, with sizes that realloc may have
  /// made wrong.
  uint64_t take_mapped(uint64_t begin, uint64_t limit) {
    const uint64_t room = limit - begin;
    uint64_t offset = kAlign - layout_.header();
    bool newer = false;
    uint64_t bytes = mapping_size(begin, offset, newer);
    if (bytes == 0) return 0;
    for (int moves = 0; moves < 64; ++moves) {
      uint64_t moved = moved_header(begin, offset, room);
      if (moved == 0) break;
      offset = moved;
      bytes = mapping_size(begin, offset, newer);
    }
    if (bytes > room) return 0;
    MappedChunk chunk;
    chunk.mapping = {{begin}, {begin + bytes}};
    chunk.memory = begin + offset + layout_.header();
    chunk.usable = begin + bytes - chunk.memory - (newer ? word_ : 0);
    found_.push_back(chunk);
    return begin + bytes;
  }

  /// The next header above the one at `offset` where some alignment puts it; 0 when there is none.
  uint64_t moved_header(uint64_t begin, uint64_t offset, uint64_t room) {
    const uint64_t memory = begin + offset + layout_.header();
    for (uint64_t align = 2 * kAlign; align != 0 && align < room; align *= 2) {
      uint64_t aligned = (memory + align - 1) & ~(align - 1);
      for (uint64_t at : {aligned, aligned + align}) {
        uint64_t moved = at - layout_.header() - begin;
        bool newer = false;
        if (moved <= offset || moved >= room - 2 * layout_.header()) continue;
        uint64_t bytes = mapping_size(begin, moved, newer);
        if (bytes != 0 && bytes <= room) return moved;
      }
    }
    return 0;
  }

  /// A piece of a main arena that is not contiguous: chunks in use or free, without flags, up to
  /// two fence posts at the end of a page.
  uint64_t take_piece(uint64_t begin, uint64_t limit) {
    uint64_t at = begin + kAlign - layout_.header();
    if ((word(at + word_) & kFlags) != kPrevInUse) return 0;
    for (uint64_t first = at; at + 2 * layout_.header() <= limit && budget_ > 0; --budget_) {
      uint64_t head = word(at + word_), size = head & ~kFlags;
      if (size == layout_.header() && at != first) {
        uint64_t second = word(at + size + word_), end = at + 2 * layout_.header();
        end += end % kPage == kPage - layout_.header() ? layout_.header() : 0;
        if ((second & ~kFlags) != size || end % kPage != 0) return 0;
        Segment piece{.first = first, .end = end, .begin = begin};
        libraries_.front().segments.push_back(piece);
        return end;
      }
      if (size < layout_.min_chunk() || size % kAlign != 0 || head & (kMapped | kOtherArena))
        return 0;
      if (size > limit - at) return 0;
      at += size;
    }
    return 0;
  }

  const Input& input_;
  Window& memory_;
  std::vector<Library>& libraries_;
  const Layout& layout_;
  const unsigned word_;
  bool pieces_ = false;
  uint64_t budget_ = 200'000'000;  ///< steps along chains, in all
  std::vector<MappedChunk> found_;
};

}  // namespace

std::vector<MappedChunk> find_mapped(const Input& input, Window& memory,
                                     std::vector<Library>& libraries,
                                     const std::optional<MappedCount>& expected) {
  auto found = MappedScan(input, memory, libraries).all(expected);
  for (Library& library : libraries) {
    std::sort(library.segments.begin(), library.segments.end(),
              [](const Segment& a, const Segment& b) { return a.begin < b.begin; });
  }
  return found;
}

}  // namespace inquest::heap::glibc
