#include <algorithm>
#include <fmt/core.h>

#include "heap/glibc/lists.h"

namespace inquest::heap::glibc {
namespace {

/// Follows the bins of one arena whose links do not add up.
class BinCheck {
 public:
  BinCheck(Window& memory, const Library& library, size_t arena, size_t arena_offset, Walk& walk)
      : memory_(memory),
        layout_(library.layout),
        fields_(library.arenas[arena].fields),
        arena_(arena),
        block_arena_(arena + arena_offset),
        walk_(walk),
        budget_(walk.blocks.size() + 1000) {}

  void all() {
    size_t faults = walk_.faults.size();
    for (unsigned i = 0; i < kBins; ++i) {
      if (!follow(i, false)) follow(i, true);
    }
    find_unlisted();
    if (walk_.faults.size() == faults) {
      fault(fields_ + layout_.header(),
            "the lists of free chunks do not agree with the chunks that are free");
    }
  }

 private:
  uint64_t word(uint64_t at) { return memory_.word(at, layout_.word); }
  void fault(uint64_t at, std::string what) {
    add_fault(walk_.faults, at, std::move(what), arena_);
  }

  /// From the head along fd, or along bk; false when the list breaks off.
  bool follow(unsigned bin, bool backwards) {
    const uint64_t head = fields_ + layout_.bin(bin), forward = layout_.header(),
                   back = forward + layout_.word;
    const uint64_t go = backwards ? back : forward, come = backwards ? forward : back;
    uint64_t previous = head, at = word(head + go);
    uint64_t mark = 0, lap = 1, steps = 0;
    while (at != head) {
      Block* block = block_that_begins(walk_.blocks, at + layout_.header());
      if (!block || at == mark || budget_ == 0) {
        if (!backwards) {
          fault(previous + go,
                at == mark
                    ? "a list of free chunks goes in a circle"
                    : fmt::format("a list of free chunks leads to {:#x}, where no chunk is", at));
        }
        return false;
      }
      if (++steps == lap) {
        mark = at;
        lap *= 2;
      }
      --budget_;
      if (word(at + come) != previous) {
        fault(at + come, fmt::format("the link of a free chunk is {:#x}; the other end is at {:#x}",
                                     word(at + come), previous));
      }
      take(bin, at, *block);
      previous = at;
      at = word(at + go);
    }
    if (word(head + come) != previous) {
      fault(head + come,
            fmt::format("the bin ends at {:#x}, its list at {:#x}", word(head + come), previous));
    }
    return true;
  }

  void take(unsigned bin, uint64_t at, Block& block) {
    uint64_t size = word(at + layout_.word) & ~kFlags;
    if (bin > 0 && size < layout_.min_large() &&
        size / kAlign + (layout_.word == 4 ? 1 : 0) != bin + 1) {
      fault(at + layout_.word,
            fmt::format("a chunk of size {:#x} is in the list of another size", size));
    }
    if (block.state() != State::free) {
      fault(at + size + layout_.word,
            fmt::format("the chunk at {:#x} is in a list of free ones; the one behind says "
                        "that it is in use",
                        at));
      block.set_state(State::free);
    }
    if (size >= layout_.min_large()) check_by_size(at);
    members_.push_back(block.begin);
  }

  void check_by_size(uint64_t at) {
    uint64_t place = at + 2 * layout_.header(), larger = word(place);
    if (larger == 0) return;
    uint64_t back = word(larger + 2 * layout_.header() + layout_.word);
    if (back != at)
      fault(place, fmt::format("fd_nextsize is {:#x}, whose bk_nextsize is {:#x}", larger, back));
  }

  /// What is marked free and in no list: damaged, or a chunk whose neighbour lost its flag.
  void find_unlisted() {
    std::sort(members_.begin(), members_.end());
    for (Block& block : walk_.blocks) {
      if (block.arena != block_arena_ || block.state() != State::free) continue;
      if (std::binary_search(members_.begin(), members_.end(), block.begin)) continue;
      uint64_t chunk = block.begin - layout_.header(), size = word(chunk + layout_.word) & ~kFlags;
      bool doubtful = std::binary_search(walk_.doubtful.begin(), walk_.doubtful.end(),
                                         std::pair(chunk, uint64_t{arena_}));
      fault(chunk + size + layout_.word, fmt::format("the flag of this chunk says that the one "
                                                     "before, at {:#x}, is free; it is in no list",
                                                     chunk));
      // With its size behind it, it was freed; without, only the flag is wrong.
      if (doubtful) block.set_state(State::used);
    }
  }

  Window& memory_;
  const Layout& layout_;
  const uint64_t fields_;
  const size_t arena_;
  const uint64_t block_arena_;
  Walk& walk_;
  uint64_t budget_;
  std::vector<uint64_t> members_;
};

}  // namespace

void check_bins(Window& memory, const Library& library, size_t arena, size_t arena_offset,
                Walk& walk) {
  const Layout& layout = library.layout;
  LinkSums sums = walk.sums[arena];
  for (unsigned i = 0; i < kBins; ++i) {
    uint64_t head = library.arenas[arena].fields + layout.bin(i);
    uint64_t fd = memory.word(head + layout.header(), layout.word);
    uint64_t bk = memory.word(head + layout.header() + layout.word, layout.word);
    sums.links += link_hash(head, fd) - link_hash(bk, head);
    sums.members += link_hash(head, 0) - link_hash(fd, 0);
  }
  if (!sums.whole()) BinCheck(memory, library, arena, arena_offset, walk).all();
}

}  // namespace inquest::heap::glibc
