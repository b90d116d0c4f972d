/// Words of the dead process, at the speed of memory: remembers the run of bytes that it read last.
///
/// Not safe from several threads; make one each.
#pragma once

#include <bit>
#include <cstring>
#include <vector>

#include "snapshot/memory.h"

namespace inquest::heap::glibc {

class Window {
 public:
  /// Borrows the memory, which must outlive it.
  explicit Window(const snapshot::Memory& memory) : memory_(memory) {}

  /// False when not all bytes of the word are there.
  template <class Word>
  bool read(uint64_t at, Word& value) {
    static_assert(std::endian::native == std::endian::little);  // as every glibc that we read
    uint64_t offset = at - begin_;
    if (offset >= size_ || size_ - offset < sizeof(Word)) [[unlikely]] {
      return read_elsewhere(at, &value, sizeof(Word));
    }
    std::memcpy(&value, data_ + offset, sizeof(Word));
    return true;
  }
  /// A word of 4 or 8 bytes; `absent` when it is not there.
  uint64_t word(uint64_t at, unsigned bytes, uint64_t absent = 0) {
    if (bytes == 8) {
      uint64_t value;
      return read(at, value) ? value : absent;
    }
    uint32_t value;
    return read(at, value) ? value : absent;
  }
  bool has(uint64_t at) {
    uint8_t byte;
    return read(at, byte);
  }
  /// Bytes from `at` on without a copy, at most to the end of their run; empty when not there.
  /// Valid until the next call.
  Bytes run(uint64_t at);
  /// See Memory::next_held.
  std::optional<uint64_t> next_held(uint64_t at) const {
    auto held = memory_.next_held({at});
    return held ? std::optional(held->value) : std::nullopt;
  }

 private:
  bool read_elsewhere(uint64_t at, void* value, size_t bytes);
  bool look_at(uint64_t at);

  const snapshot::Memory& memory_;
  uint64_t begin_ = 0, size_ = 0;
  const std::byte* data_ = nullptr;
  std::vector<std::byte> copy_ = {};  ///< of memory that has to be copied (a live process)
};

}  // namespace inquest::heap::glibc
