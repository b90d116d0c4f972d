/// Reads words of the dead process's stack, fast where they lie together.
///
/// Keeps the run of bytes that the last word came from, so that walking a stack costs one search
/// per piece of memory rather than one per word. Borrows the Memory; for one thread.
#pragma once

#include <array>
#include <cstring>
#include <optional>

#include "base/address.h"
#include "snapshot/memory.h"

namespace inquest::unwind {

class Words {
 public:
  Words(const snapshot::Memory& memory, unsigned pointer_size)
      : memory_(memory), pointer_size_(pointer_size) {}
  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;

  unsigned pointer_size() const { return pointer_size_; }
  const snapshot::Memory& memory() const { return memory_; }

  /// The pointer at `at`; absent when unreadable.
  std::optional<uint64_t> pointer(Address at) { return read(at, pointer_size_); }

  /// A little-endian integer of 1, 2, 4 or 8 bytes.
  std::optional<uint64_t> read(Address at, unsigned size) {
    if (pointer_size_ == 4) at.value = static_cast<uint32_t>(at.value);
    uint64_t skip = at - begin_;
    if (skip >= window_.size() || window_.size() - skip < size) {
      if (!move(at, size)) return {};
      skip = at - begin_;
    }
    uint64_t value = 0;
    std::memcpy(&value, window_.data() + skip, size);
    return value;
  }

 private:
  /// Puts the window where [at, at+size) is; false when it is not all readable.
  bool move(Address at, unsigned size);

  const snapshot::Memory& memory_;
  unsigned pointer_size_;
  Address begin_ = {};
  Bytes window_ = {};
  std::array<std::byte, 4096> page_;  // what a MemorySource was asked for
};

}  // namespace inquest::unwind
