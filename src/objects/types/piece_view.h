/// Memory read at many places near each other: remembers the piece it was in.
/// Borrows the memory; for one thread.
#pragma once

#include <algorithm>
#include <vector>

#include "snapshot/memory.h"

namespace inquest::objects {

class PieceView {
 public:
  explicit PieceView(const snapshot::Memory& memory) : memory_(memory) {}

  /// At most `size` bytes from `at`; fewer where memory ends. Valid until the next call.
  Bytes at(uint64_t at, uint64_t size) {
    if (at - begin_ >= bytes_.size()) {
      const auto& pieces = memory_.pieces();
      auto after =
          std::ranges::upper_bound(pieces, Address{at}, {}, &snapshot::Memory::Piece::begin);
      if (after == pieces.begin() ||
          at - std::prev(after)->begin.value >= std::prev(after)->bytes.size()) {
        return from_source(at, size);
      }
      begin_ = std::prev(after)->begin.value;
      bytes_ = std::prev(after)->bytes;
    }
    const uint64_t offset = at - begin_;
    if (bytes_.size() - offset < size) return from_source(at, size);
    return bytes_.subspan(offset, size);
  }

 private:
  /// A live process, or bytes that lie in two pieces.
  Bytes from_source(uint64_t at, uint64_t size) {
    constexpr uint64_t kMost = 1 << 20;
    copy_.resize(std::min(size, kMost));
    const size_t got = memory_.read({at}, copy_);
    return Bytes(copy_).first(got);
  }

  const snapshot::Memory& memory_;
  uint64_t begin_ = 0;
  Bytes bytes_ = {};
  std::vector<std::byte> copy_;
};

}  // namespace inquest::objects
