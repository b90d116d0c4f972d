#include "heap/nt/lfh.h"

#include <array>
#include <fmt/core.h>
#include <map>

namespace inquest::heap::nt {
namespace {

/// The first four bytes of a header are encoded with the block's address, the heap, a key of the
/// process, and, since Windows 8.1, the distance to the user blocks: with what is the block's own
/// taken out, they are the same in all blocks of a subsegment.
struct Code {
  unsigned address_shift;
  unsigned distance_shift;  ///< 32: does not count
  uint32_t constant(uint32_t code, uint64_t entry, uint64_t user_blocks) const {
    uint32_t own = static_cast<uint32_t>(entry >> address_shift);
    if (distance_shift < 32) own ^= static_cast<uint32_t>((entry - user_blocks) << distance_shift);
    return code ^ own;
  }
};
/// Of 64 bits, of 32 bits, and without the distance.
constexpr std::array kCodes64 = {Code{4, 12}, Code{4, 32}};
constexpr std::array kCodes32 = {Code{3, 13}, Code{4, 12}, Code{3, 32}};

struct Subsegment {
  UserBlocks user;
  uint64_t at = 0;
  uint64_t stride = 0;  ///< from block to block
  uint32_t count = 0;
  uint64_t first = 0;  ///< address of the first block's header; 0: not known
  const Code* code = nullptr;
  uint32_t constant = 0;
};

class FrontEnd {
 public:
  explicit FrontEnd(HeapView& heap) : heap_(heap), lfh_(heap.pointer(heap.layout.front_end)) {
    codes_ = heap.layout.word == 8 ? std::span<const Code>(kCodes64) : std::span(kCodes32);
    // Windows 7 has no distance to take out.
    if (!heap.layout.has_bitmap()) codes_ = codes_.last(1);
  }

  void read() {
    std::ranges::sort(heap_.user_blocks, {}, &UserBlocks::at);
    for (const UserBlocks& user : heap_.user_blocks) open(user);
    if (heap_.layout.has_bitmap()) find_key();
    for (Subsegment& subsegment : subsegments_) {
      heap_.collector.restart();
      place_first(subsegment);
      list(subsegment);
    }
    heap_.collector.restart();
  }

 private:
  windows::Target& target() { return heap_.target; }
  const Layout& layout() const { return heap_.layout; }

  void open(const UserBlocks& user) {
    Subsegment found{.user = user, .at = target().pointer(user.at)};
    uint64_t size = user.end - user.at;
    if (target().pointer(found.at + layout().sub_user_blocks) != user.at) {
      // In the front end's own cache it has a link here, or nothing.
      bool is_link =
          found.at == 0 || target().u32(found.at + layout().user_signature) == kUserBlocksSignature;
      if (!is_link) {
        heap_.fault(
            user.at,
            fmt::format("subsegment {:#x} of these user blocks does not point back", found.at));
      }
      heap_.collector.restart();
      return heap_.collector.add(user.at, size, is_link ? State::cached : State::used, heap_.arena);
    }
    found.stride = target().u16(found.at + layout().sub_block_size) * layout().unit();
    found.count = target().u16(found.at + layout().sub_block_count);
    if (found.stride == 0 || found.count == 0 ||
        layout().user_header + found.stride * found.count > size + layout().unit()) {
      heap_.fault(found.at + layout().sub_block_size,
                  fmt::format("{} blocks of {:#x} bytes do not fit into user blocks of {:#x}",
                              found.count, found.stride, size));
      heap_.collector.restart();
      return heap_.collector.add(user.at, size, State::used, heap_.arena);
    }
    subsegments_.push_back(found);
  }

  uint32_t stored_offsets(const Subsegment& subsegment) {
    return target().u32(subsegment.user.at + layout().user_offsets);
  }
  /// What the stored offsets are encoded with, beside the key.
  uint32_t mix(const Subsegment& subsegment) const {
    return static_cast<uint32_t>(subsegment.user.at) ^ static_cast<uint32_t>(lfh_);
  }
  bool fits(const Subsegment& subsegment, uint64_t first) const {
    return first >= layout().user_header && first % layout().unit() == 0 &&
           first + subsegment.stride * subsegment.count <=
               subsegment.user.end - subsegment.user.at + layout().unit();
  }

  /// The key is not said anywhere but in a variable of ntdll. But the place of the first block is
  /// found by its headers, and with it the stored offsets give the key: the one that most agree on.
  void find_key() {
    constexpr size_t kAsked = 256;
    std::map<uint32_t, size_t> votes;
    size_t asked = 0;
    for (Subsegment& subsegment : subsegments_) {
      if (subsegment.count < 2) continue;
      if (++asked > kAsked) break;
      if (search_first(subsegment)) {
        uint32_t offset = static_cast<uint32_t>(subsegment.first - subsegment.user.at);
        ++votes[stored_offsets(subsegment) ^ mix(subsegment) ^
                (static_cast<uint32_t>(subsegment.stride) << 16 | offset)];
      }
    }
    auto most = std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; });
    if (most != votes.end()) key_ = most->first;
  }

  /// By how many headers are the same but for what is their own.
  bool search_first(Subsegment& subsegment) {
    const uint64_t bitmap_bytes = (subsegment.count + 63) / 64 * 8;
    const uint32_t tried = std::min<uint32_t>(subsegment.count, 32);
    const uint64_t unit = layout().unit(), begin = (layout().user_header + unit - 1) / unit * unit;
    uint32_t best = tried / 2;
    // Behind the bitmap; further away only for an alignment.
    for (uint64_t offset = begin; offset <= begin + bitmap_bytes + 256; offset += unit) {
      if (!fits(subsegment, offset)) break;
      for (const Code& code : codes_) {
        auto [constant, count] = agreement(subsegment, subsegment.user.at + offset, code, tried);
        if (count <= best) continue;
        best = count;
        subsegment.first = subsegment.user.at + offset;
        subsegment.code = &code;
        subsegment.constant = constant;
      }
    }
    return subsegment.first != 0;
  }

  uint32_t constant_of(const Subsegment& subsegment, uint64_t entry, const Code& code) {
    return code.constant(target().u32(entry + layout().entry_code()), entry, subsegment.user.at);
  }
  struct Agreement {
    uint32_t constant = 0;
    uint32_t count = 0;
  };
  /// The constant that most of the first headers have, if half of them have it (Boyer and Moore).
  Agreement agreement(const Subsegment& subsegment, uint64_t first, const Code& code,
                      uint32_t tried) {
    Agreement found;
    auto each = [&](auto visit) {
      for (uint32_t i = 0; i < tried; ++i)
        visit(constant_of(subsegment, first + i * subsegment.stride, code));
    };
    each([&](uint32_t constant) {
      if (found.count == 0) found.constant = constant;
      found.count += constant == found.constant ? 1 : UINT32_MAX;  // one less
    });
    found.count = 0;
    each([&](uint32_t constant) { found.count += constant == found.constant; });
    return found;
  }

  void place_first(Subsegment& subsegment) {
    if (!layout().has_bitmap()) {
      subsegment.first = subsegment.user.at + layout().user_header;
    } else {
      uint32_t stored = stored_offsets(subsegment);
      // Windows 8 stores them plain.
      uint32_t decoded = key_ ? stored ^ mix(subsegment) ^ *key_ : stored;
      for (uint32_t offsets : {decoded, stored}) {
        if (offsets >> 16 == subsegment.stride && fits(subsegment, offsets & 0xffff)) {
          subsegment.first = subsegment.user.at + (offsets & 0xffff);
          break;
        }
      }
      bool said = subsegment.first != 0 &&
                  (decoded >> 16 == subsegment.stride || stored >> 16 == subsegment.stride);
      if (!said) {
        heap_.fault(subsegment.user.at + layout().user_offsets,
                    fmt::format("the offsets of the user blocks, {:#010x}, are damaged", stored));
        if (subsegment.first == 0 && !search_first(subsegment)) return;
      }
    }
    subsegment.code = nullptr;
    uint32_t best = subsegment.count / 2;
    for (const Code& code : codes_) {
      auto [constant, count] = agreement(subsegment, subsegment.first, code, subsegment.count);
      if (count <= best) continue;
      best = count;
      subsegment.code = &code;
      subsegment.constant = constant;
    }
  }

  void list(const Subsegment& subsegment) {
    if (subsegment.first == 0) {
      return heap_.collector.add(subsegment.user.at, subsegment.user.end - subsegment.user.at,
                                 State::used, heap_.arena);
    }
    uint64_t bitmap = layout().has_bitmap() ? find_bitmap(subsegment) : 0;
    for (uint32_t i = 0; i < subsegment.count; ++i) {
      uint64_t at = subsegment.first + i * subsegment.stride;
      std::optional<bool> is_set;
      if (bitmap != 0) is_set = target().u8(bitmap + i / 8) >> i % 8 & 1;
      list_block(subsegment, at, is_set);
    }
  }
  uint64_t find_bitmap(const Subsegment& subsegment) {
    uint64_t bits = target().u32(subsegment.user.at + layout().user_bitmap_bits),
             at = target().pointer(subsegment.user.at + layout().user_bitmap);
    if (bits >= subsegment.count && at > subsegment.user.at && at < subsegment.first &&
        (subsegment.count + 7) / 8 <= subsegment.first - at)
      return at;
    heap_.fault(subsegment.user.at + layout().user_bitmap_bits,
                fmt::format("a bitmap of {} bits at {:#x} is not that of {} blocks", bits, at,
                            subsegment.count));
    return 0;
  }

  void list_block(const Subsegment& subsegment, uint64_t at, std::optional<bool> is_set) {
    if (subsegment.code && constant_of(subsegment, at, *subsegment.code) != subsegment.constant)
      heap_.fault(at, "the header of a block of the front end is damaged");
    auto unused = target().u8(at + layout().entry_code() + 7);
    bool is_busy = unused & Entries::kUnusedMask, is_sound = unused & 0x80;
    uint64_t whole = subsegment.stride - layout().unit();
    State state = is_busy ? State::used : State::free;
    if (!is_sound) {
      heap_.fault(
          at + layout().entry_code() + 7,
          fmt::format("{:#04x} does not say whether a block of the front end is in use", unused));
      // With nothing to go by, what may be in use is.
      state = is_set.value_or(true) ? State::used : State::free;
    } else if (is_set && *is_set != is_busy) {
      // Freed by another thread: waits for the owner, who clears the bit.
      if (*is_set) {
        state = State::cached;
      } else {
        heap_.fault(at, "the block's header says it is in use, the bitmap says it is free");
        state = State::free;
      }
    }
    uint64_t size = whole;
    if (state == State::used && is_sound) {
      auto asked = heap_.entries.asked(at, {.size = subsegment.stride, .unused = unused});
      if (!asked) heap_.fault(at, "more of the block is unused than it has");
      size = asked.value_or(whole);
    }
    heap_.collector.add(at + layout().unit(), size, state, heap_.arena);
  }

  HeapView& heap_;
  uint64_t lfh_;
  std::span<const Code> codes_;
  std::optional<uint32_t> key_;
  std::vector<Subsegment> subsegments_;
};

}  // namespace

void read_front_end(HeapView& heap) {
  if (!heap.user_blocks.empty()) FrontEnd(heap).read();
}

}  // namespace inquest::heap::nt
