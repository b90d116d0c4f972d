#include "heap/glibc/window.h"

#include <algorithm>

namespace inquest::heap::glibc {

bool Window::look_at(uint64_t at) {
  const auto& pieces = memory_.pieces();
  auto after = std::partition_point(pieces.begin(), pieces.end(),
                                    [&](const auto& piece) { return piece.begin.value <= at; });
  if (after != pieces.begin() && at < std::prev(after)->end().value) {
    const auto& piece = *std::prev(after);
    begin_ = piece.begin.value;
    data_ = piece.bytes.data();
    size_ = piece.bytes.size();
    return true;
  }
  constexpr size_t kCopy = 1 << 16;
  copy_.resize(kCopy);
  uint64_t begin = at & ~uint64_t{4095};  // what lies around is asked for next
  size_ = memory_.read({begin}, copy_);
  begin_ = begin;
  data_ = copy_.data();
  return at - begin < size_;
}

bool Window::read_elsewhere(uint64_t at, void* value, size_t bytes) {
  if (!look_at(at)) return false;
  uint64_t offset = at - begin_;
  if (size_ - offset >= bytes) {
    std::memcpy(value, data_ + offset, bytes);
    return true;
  }
  return memory_.read({at}, {static_cast<std::byte*>(value), bytes}) == bytes;  // across two runs
}

Bytes Window::run(uint64_t at) {
  uint64_t offset = at - begin_;
  if (offset >= size_) {
    if (!look_at(at)) return {};
    offset = at - begin_;
  }
  return Bytes(data_ + offset, size_ - offset);
}

}  // namespace inquest::heap::glibc
