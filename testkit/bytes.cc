#include "testkit/bytes.h"

namespace inquest::testkit {

ByteBuilder& ByteBuilder::number(uint64_t value, unsigned size) {
  for (unsigned i = 0; i < size; ++i) data_.push_back(static_cast<std::byte>(value >> (8 * i)));
  return *this;
}

ByteBuilder& ByteBuilder::text(std::string_view s) {
  return bytes(std::as_bytes(std::span(s.data(), s.size())));
}

ByteBuilder& ByteBuilder::c_string(std::string_view s) { return text(s).u8(0); }

ByteBuilder& ByteBuilder::bytes(std::span<const std::byte> raw) {
  data_.insert(data_.end(), raw.begin(), raw.end());
  return *this;
}

ByteBuilder& ByteBuilder::zeros(size_t n) {
  data_.resize(data_.size() + n);
  return *this;
}

ByteBuilder& ByteBuilder::align(size_t alignment) {
  while (data_.size() % alignment) u8(0);
  return *this;
}

ByteBuilder& ByteBuilder::patch(size_t offset, uint64_t value, unsigned size) {
  for (unsigned i = 0; i < size; ++i)
    data_.at(offset + i) = static_cast<std::byte>(value >> (8 * i));
  return *this;
}

}  // namespace inquest::testkit
