/// Appends little-endian integers and text to growing bytes; what a minidump is made of.
///
/// The writer's own: it shares no record with the reader in format/minidump, so that each can
/// witness for the other. Used by one thread.
#pragma once

#include <cstring>
#include <string_view>
#include <vector>

#include "base/integers.h"

namespace inquest::cut {

class ByteWriter {
 public:
  ByteWriter& u8(uint8_t value) { return number(value, 1); }
  ByteWriter& u16(uint16_t value) { return number(value, 2); }
  ByteWriter& u32(uint64_t value) { return number(value, 4); }  ///< the low half
  ByteWriter& u64(uint64_t value) { return number(value, 8); }
  ByteWriter& zeros(size_t n) {
    data_.resize(data_.size() + n);
    return *this;
  }
  ByteWriter& bytes(Bytes raw) {
    data_.insert(data_.end(), raw.begin(), raw.end());
    return *this;
  }
  ByteWriter& text(std::string_view s) { return bytes(std::as_bytes(std::span(s))); }
  ByteWriter& align(size_t alignment) {
    return zeros((alignment - data_.size() % alignment) % alignment);
  }
  /// Overwrites bytes written before.
  void put_u32(size_t at, uint64_t value) { put(at, value, 4); }
  void put_u64(size_t at, uint64_t value) { put(at, value, 8); }
  void put_bytes(size_t at, Bytes raw) {
    if (!raw.empty()) std::memcpy(data_.data() + at, raw.data(), raw.size());
  }

  size_t size() const { return data_.size(); }
  Bytes view() const { return data_; }
  std::vector<std::byte> take() { return std::move(data_); }

 private:
  ByteWriter& number(uint64_t value, unsigned size) {
    size_t at = data_.size();
    data_.resize(at + size);
    put(at, value, size);
    return *this;
  }
  void put(size_t at, uint64_t value, unsigned size) {
    for (unsigned i = 0; i < size; ++i) data_[at + i] = static_cast<std::byte>(value >> 8 * i);
  }

  std::vector<std::byte> data_;
};

}  // namespace inquest::cut
