/// Appends integers and text to a growing byte vector, for building files in tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace inquest::testkit {

class ByteBuilder {
 public:
  ByteBuilder& u8(uint8_t v) { return number(v, 1); }
  ByteBuilder& u16(uint16_t v) { return number(v, 2); }
  ByteBuilder& u32(uint32_t v) { return number(v, 4); }
  ByteBuilder& u64(uint64_t v) { return number(v, 8); }
  ByteBuilder& text(std::string_view s);      ///< without NUL
  ByteBuilder& c_string(std::string_view s);  ///< with NUL
  ByteBuilder& bytes(std::span<const std::byte> raw);
  ByteBuilder& zeros(size_t n);
  ByteBuilder& align(size_t alignment);  ///< zeros up to a multiple of it
  /// Overwrites bytes written before.
  ByteBuilder& patch(size_t offset, uint64_t value, unsigned size);

  size_t size() const { return data_.size(); }
  std::vector<std::byte> take() { return std::move(data_); }
  std::span<const std::byte> view() const { return data_; }

 private:
  ByteBuilder& number(uint64_t value, unsigned size);
  std::vector<std::byte> data_;
};

}  // namespace inquest::testkit
