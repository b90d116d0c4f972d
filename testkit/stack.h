/// Builds the bytes of a stack, word by word at absolute addresses, for tests.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "testkit/bytes.h"

namespace inquest::testkit {

class StackBytes {
 public:
  /// Zeros in [begin, begin + size).
  StackBytes(uint64_t begin, size_t size, unsigned word_size)
      : begin_(begin), word_size_(word_size) {
    data_.zeros(size);
  }
  StackBytes& put(uint64_t address, uint64_t value) {
    data_.patch(address - begin_, value, word_size_);
    return *this;
  }
  uint64_t begin() const { return begin_; }
  uint64_t end() const { return begin_ + data_.size(); }
  std::span<const std::byte> bytes() const { return data_.view(); }

 private:
  uint64_t begin_;
  unsigned word_size_;
  ByteBuilder data_;
};

}  // namespace inquest::testkit
