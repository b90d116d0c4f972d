/// Words of the dead process for the readers of allocators, at the speed of memory.
///
/// Borrows the Memory. Remembers the run of bytes that it read last, so one a thread.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <vector>

#include "snapshot/snapshot.h"

namespace inquest::heap {

class Words {
 public:
  explicit Words(const snapshot::Memory& memory) : memory_(memory) {}

  /// The little-endian value at `at`; absent unless all of its bytes are there.
  template <class T>
  std::optional<T> read(uint64_t at) {
    static_assert(std::endian::native == std::endian::little);
    T value;
    uint64_t offset = at - begin_;
    if (offset < run_.size() && run_.size() - offset >= sizeof(T)) {
      std::memcpy(&value, run_.data() + offset, sizeof(T));
      return value;
    }
    return read_elsewhere(at, &value, sizeof(T)) ? std::optional(value) : std::nullopt;
  }
  /// The word at `at`; 0 where there is none.
  uint64_t word(uint64_t at) { return read<uint64_t>(at).value_or(0); }
  uint32_t half(uint64_t at) { return read<uint32_t>(at).value_or(0); }
  bool has(uint64_t at) { return read<uint8_t>(at).has_value(); }

  /// Calls visit(address, word) for every word in [begin, begin + bytes) that is there and is not
  /// zero, ascending, until it returns false. `begin` is a multiple of 8.
  template <class Visit>
  void each_nonzero(uint64_t begin, uint64_t bytes, Visit visit) {
    uint64_t at = begin, end = begin + bytes < begin ? UINT64_MAX - 7 : begin + bytes;
    std::vector<std::byte> copy;
    while (at < end) {
      Bytes run = next_run(at, end, copy);
      if (run.size() < 8) return;
      for (size_t i = 0; i + 8 <= run.size(); i += 8) {
        uint64_t word;
        std::memcpy(&word, run.data() + i, 8);
        if (word != 0 && !visit(at + i, word)) return;
      }
      at += run.size() & ~uint64_t{7};
    }
  }

 private:
  bool read_elsewhere(uint64_t at, void* value, size_t bytes);
  /// The next bytes at or after `at`, which is moved to them; multiples of 8 from there; empty when
  /// there are no more before `end`.
  Bytes next_run(uint64_t& at, uint64_t end, std::vector<std::byte>& copy);

  const snapshot::Memory& memory_;
  uint64_t begin_ = 0;
  Bytes run_ = {};
};

/// The writable memory of a module's image, its .bss too, ascending.
std::vector<AddressRange> writable_data(const snapshot::Snapshot& process,
                                        const snapshot::Module& module);

}  // namespace inquest::heap
