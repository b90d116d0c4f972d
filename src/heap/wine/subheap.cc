#include "heap/wine/subheap.h"

#include <fmt/core.h>

namespace inquest::heap::wine {
namespace {

using Type = Header::Type;

class SubheapWalk {
 public:
  SubheapWalk(windows::Target& target, const Layout& layout, Subheap subheap, size_t arena,
              Collector& collector)
      : target_(target),
        layout_(layout),
        subheap_(subheap),
        arena_(arena),
        collector_(collector),
        base_(subheap.at & ~(kRegion - 1)) {}

  bool read(uint64_t heap, windows::Claims& claims) {
    uint64_t begin = subheap_.first_block();
    auto block_size = target_.pointer(subheap_.block_size()),
         data_size = target_.pointer(subheap_.data_size());
    if (target_.pointer(subheap_.heap()) != heap) return false;
    // The distance to the subheap's begin is kept in 16 bits.
    if (block_size == 0 || block_size > (kRegion << 16) || data_size > block_size) return false;
    end_ = begin + block_size;
    committed_ = std::min(end_, begin + kHeader + data_size);
    if (committed_ < begin + 2 * kHeader) return false;
    last_ = committed_ - 2 * kHeader;
    if (!claims.claim(base_, end_)) {
      collector_.fault(subheap_.at, "the subheap overlaps another", arena_);
      return true;
    }
    collector_.arena(arena_).segments.push_back({{base_}, {end_}});
    walk(begin);
    return true;
  }

 private:
  void walk(uint64_t at) {
    bool after_free = false;
    uint64_t before = 0;
    while (at <= last_) {
      auto header = sound(at);
      if (!header) {
        at = recover(at);
        after_free = false;
        before = 0;
        continue;
      }
      check_previous(at, *header, before, after_free);
      add(at, *header);
      before = at;
      after_free = header->is_free();
      at += header->size;
    }
  }

  std::optional<Header> read_header(uint64_t at) {
    auto raw = target_.read<uint64_t>(at);
    if (!raw) return {};
    return decode(*raw, layout_, target_.unit());
  }

  /// The header at `at` if nothing speaks against it.
  std::optional<Header> sound(uint64_t at) {
    auto header = read_header(at);
    if (!header || header->size < 2 * kHeader || header->size > end_ - at) return {};
    bool fits = header->is_free() ? header->type == Type::free
                                  : header->type == Type::used || header->type == Type::dead;
    if (!fits || (at & ~(kRegion - 1)) - header->base * kRegion != base_) return {};
    if (!header->is_free() && header->tail > header->size - kHeader) return {};
    return header;
  }

  /// Behind the damage at `at`: the next sound header that another follows, or the end.
  uint64_t recover(uint64_t at) {
    auto raw = target_.read<uint64_t>(at);
    collector_.fault(at,
                     raw ? fmt::format("{:#018x} is no header of a block of Wine's heap", *raw)
                         : std::string("the dump does not hold the header of a block"),
                     arena_);
    for (at += target_.unit(); at <= last_;) {
      if (!target_.read<uint64_t>(at)) {
        at = behind_hole(at);
        continue;
      }
      if (auto header = sound(at)) {
        uint64_t next = at + header->size;
        if (next > last_ || sound(next)) return at;
      }
      at += target_.unit();
    }
    return end_;
  }
  uint64_t behind_hole(uint64_t at) const {
    uint64_t unit = target_.unit();
    auto next = target_.process().memory.next_held({at + unit});
    if (!next || next->value >= end_) return end_;
    return at + (next->value - at + unit - 1) / unit * unit;
  }

  /// A free block is known to the one behind it by a flag, and by a pointer at its end.
  void check_previous(uint64_t at, const Header& header, uint64_t before, bool after_free) {
    if (before == 0) return;
    bool says_free = header.flags & Header::kPreviousFree;
    if (says_free != after_free) {
      collector_.fault(at,
                       fmt::format("the block before is {}, but this header says it is {}",
                                   after_free ? "free" : "in use", says_free ? "free" : "in use"),
                       arena_);
    } else if (after_free && target_.pointer(at - target_.word()) != before) {
      collector_.fault(at - target_.word(),
                       fmt::format("{:#x} does not point at the free block that ends here, {:#x}",
                                   target_.pointer(at - target_.word()), before),
                       arena_);
    }
  }

  void add(uint64_t at, const Header& header) {
    uint64_t data = at + kHeader;
    if (header.is_free()) {
      check_links(at);
      collector_.add(data, std::min(at + header.size, committed_) - data, State::free, arena_);
      return;
    }
    if (layout_.has_groups && header.flags & Header::kGroup) {
      walk_group(target_, layout_, {{data}, {at + header.size - header.tail}}, arena_, collector_);
      return;
    }
    collector_.add(data, header.size - kHeader - header.tail,
                   header.type == Type::dead ? State::cached : State::used, arena_);
  }

  void check_links(uint64_t at) {
    uint64_t ring = at + kHeader, word = target_.word();
    uint64_t next = target_.pointer(ring), previous = target_.pointer(ring + word);
    if (target_.pointer(next + word) != ring) {
      collector_.fault(ring, fmt::format("the free block's next, {:#x}, does not point back", next),
                       arena_);
    } else if (target_.pointer(previous) != ring) {
      collector_.fault(
          ring + word,
          fmt::format("the free block's previous, {:#x}, does not point here", previous), arena_);
    }
  }

  windows::Target& target_;
  const Layout& layout_;
  Subheap subheap_;
  size_t arena_;
  Collector& collector_;
  uint64_t base_, end_ = 0, committed_ = 0;
  uint64_t last_ = 0;  ///< a block may begin here at the latest
};

}  // namespace

bool walk_subheap(windows::Target& target, const Layout& layout, uint64_t heap, uint64_t subheap,
                  size_t arena, Collector& collector, windows::Claims& claims) {
  SubheapWalk walk(target, layout, {target.word(), subheap}, arena, collector);
  return walk.read(heap, claims);
}

void walk_group(windows::Target& target, const Layout& layout, AddressRange data, size_t arena,
                Collector& collector) {
  // struct group: SLIST_ENTRY, the bits of the free blocks, an affinity; then the blocks.
  constexpr unsigned kBlocks = 31;
  const unsigned word = target.word();
  const uint64_t list = word == 8 ? 16 : 4, bits_at = data.begin.value + list;
  const uint64_t first = bits_at + 8;
  const uint32_t free_bits = target.u32(bits_at);
  uint64_t size =
      decode(target.read<uint64_t>(first).value_or(0) & 0xffff, layout, target.unit()).size;
  if (size < 2 * kHeader || first + kBlocks * size > data.end.value + target.unit()) {
    collector.fault(first, fmt::format("size {:#x} of the group's first block is not a size", size),
                    arena);
    return collector.add(data.begin.value, data.size(), State::used, arena);
  }
  for (unsigned i = 0; i < kBlocks; ++i) {
    uint64_t at = first + i * size;
    Header header = decode(target.read<uint64_t>(at).value_or(0), layout, target.unit());
    bool sound = header.flags & Header::kGroup && header.base == i &&
                 (header.type == Type::free || header.tail <= size - kHeader);
    if (!sound) collector.fault(at, "the header of a block in a group is damaged", arena);
    bool is_free = sound ? header.is_free() : free_bits >> i & 1;
    if (sound && header.is_free() != (free_bits >> i & 1)) {
      // Whoever frees sets the header first, whoever allocates clears the bit first.
      is_free = header.is_free();
    }
    uint64_t bytes = size - kHeader - (sound && !is_free ? header.tail : 0);
    collector.add(at + kHeader, bytes, is_free ? State::free : State::used, arena);
  }
}

}  // namespace inquest::heap::wine
