/// _HEAP_ENTRY: the header before every block of the NT heap's back end.
#pragma once

#include <optional>

#include "heap/nt/layout.h"

namespace inquest::heap::nt {

struct Entry {
  uint64_t size = 0;           ///< bytes, with the header
  uint64_t previous_size = 0;  ///< of the entry before it
  uint8_t flags = 0;
  uint8_t unused = 0;  ///< how many of `size` were not asked for, or where that stands

  static constexpr uint8_t kBusy = 0x01;
  bool is_busy() const { return flags & kBusy; }
};

/// Reads and decodes the entries of one heap.
class Entries {
 public:
  Entries(windows::Target& target, const Layout& layout, uint64_t heap)
      : target_(target),
        layout_(layout),
        mask_(target.u32(heap + layout.encode_mask)),
        key_(target.read<uint64_t>(heap + layout.encoding + layout.entry_code()).value_or(0)) {}

  bool is_encoded() const { return mask_ != 0; }
  std::optional<uint64_t> raw(uint64_t at) {
    return target_.read<uint64_t>(at + layout_.entry_code());
  }
  /// Absent when it is not there, or its check sum or size is wrong.
  std::optional<Entry> at(uint64_t at) {
    auto code = raw(at);
    if (!code) return {};
    Entry entry = decode(*code);
    if (entry.size == 0 || (is_encoded() && !is_sum_right(clear(*code)))) return {};
    return entry;
  }
  Entry decode(uint64_t code) const {
    code = clear(code);
    return {.size = (code & 0xffff) * layout_.unit(),
            .previous_size = (code >> 32 & 0xffff) * layout_.unit(),
            .flags = static_cast<uint8_t>(code >> 16),
            .unused = static_cast<uint8_t>(code >> 56)};
  }
  /// The bytes that the program asked for, of a busy entry at `at`; absent when it contradicts
  /// itself.
  std::optional<uint64_t> asked(uint64_t at, const Entry& entry) {
    uint64_t unused = entry.unused & kUnusedMask;
    if (unused == kUnusedMask) {
      // Too many for six bits: they stand in the block's last word.
      uint64_t end = at + entry.size;
      unused = layout_.word == 8 ? target_.read<uint64_t>(end).value_or(0) : target_.u32(end - 4);
      if (unused > entry.size) unused &= 0xffff;
    }
    // With 64 bits a block reaches over the first word of the header behind it.
    uint64_t least = layout_.word == 8 ? 8 : layout_.unit();
    if (unused < least || unused > entry.size) return {};
    return entry.size - unused;
  }
  static constexpr uint8_t kUnusedMask = 0x3f;

 private:
  /// Only entries with the mask's bit are encoded: the encoding sets it, and no plain entry has it.
  uint64_t clear(uint64_t code) const { return code & mask_ ? code ^ key_ : code; }
  static bool is_sum_right(uint64_t code) {
    return ((code ^ code >> 8 ^ code >> 16 ^ code >> 24) & 0xff) == 0;
  }

  windows::Target& target_;
  const Layout& layout_;
  uint32_t mask_;
  uint64_t key_;
};

}  // namespace inquest::heap::nt
