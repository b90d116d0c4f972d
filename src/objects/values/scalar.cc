#include "objects/values/scalar.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstring>

#include "objects/values/text.h"

namespace inquest::objects {
namespace {

using symbols::Encoding;
using symbols::Type;
using symbols::TypeKind;

template <class T>
std::string shortest(T value) {
  std::array<char, 64> text;
  auto [end, problem] = std::to_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc() ? std::string(text.data(), end) : std::string();
}

std::string floating(std::span<const std::byte> raw) {
  if (raw.size() == 4) {
    float value;
    std::memcpy(&value, raw.data(), 4);
    return shortest(value);
  }
  if (raw.size() == 8) {
    double value;
    std::memcpy(&value, raw.data(), 8);
    return shortest(value);
  }
#ifdef __x86_64__
  if (raw.size() == 16) {  // x87: ten bytes, padded
    long double value = 0;
    std::memcpy(&value, raw.data(), 10);
    return shortest(value);
  }
#endif
  return {};
}

/// "red", "read | write", "17".
std::string enumerator(ElementReader& reader, symbols::TypeId id, int64_t value, uint64_t size) {
  const auto all = reader.space().types.enumerators(id);
  const uint64_t mask = size >= 8 ? ~uint64_t{0} : (uint64_t{1} << size * 8) - 1;
  const uint64_t bits = static_cast<uint64_t>(value) & mask;
  for (const auto& one : all) {
    if ((static_cast<uint64_t>(one.value) & mask) == bits) return one.name;
  }
  std::string text;
  uint64_t left = bits;
  for (const auto& one : all) {
    const uint64_t flag = static_cast<uint64_t>(one.value) & mask;
    if (!std::has_single_bit(flag) || (left & flag) == 0) continue;
    text += (text.empty() ? "" : " | ") + one.name;
    left &= ~flag;
  }
  if (text.empty() || left != 0) return shortest(value);
  return text;
}

constexpr size_t kLongestScalar = 16;

/// How many bytes hold the number; 0 when it is none.
size_t bytes_of(const Type& type, uint32_t bit_size, uint32_t bit_offset) {
  if (type.kind != TypeKind::base && type.kind != TypeKind::enum_) return 0;
  if (type.size == 0 || type.size > kLongestScalar) return 0;
  const size_t bytes = bit_size ? (uint64_t{bit_offset} + bit_size + 7) / 8 : type.size;
  return bytes > kLongestScalar ? 0 : bytes;
}

}  // namespace

std::string scalar_text(ElementReader& reader, const TypedObject& object, uint32_t bit_size,
                        uint32_t bit_offset) {
  if (object.type.pointers > 0) return {};
  size_t bytes = bytes_of(reader.type(object.type.id), bit_size, bit_offset);
  if (bytes == 0) return {};
  std::array<std::byte, kLongestScalar> raw = {};
  auto wanted = std::span(raw).first(bytes);
  if (reader.space().memory.read(object.at, wanted) != bytes) return kNotInDump;
  return scalar_text(reader, object.type.id, wanted, bit_size, bit_offset);
}

std::string scalar_text(ElementReader& reader, symbols::TypeId id, std::span<const std::byte> raw,
                        uint32_t bit_size, uint32_t bit_offset) {
  const Type& type = reader.type(id);
  const size_t bytes = bytes_of(type, bit_size, bit_offset);
  if (bytes == 0 || raw.size() < bytes) return {};
  if (type.encoding == Encoding::floating) return floating(raw.first(bytes));
  if (type.size > 8) {
    uint64_t halves[2] = {};
    std::memcpy(halves, raw.data(), bytes);
    return fmt::format("0x{:016x}{:016x}", halves[1], halves[0]);
  }
  uint64_t value = 0;
  for (size_t i = std::min<size_t>(bytes, 8); i-- > 0;)
    value = value << 8 | static_cast<uint64_t>(raw[i]);
  value >>= bit_offset;
  unsigned bits = bit_size ? bit_size : static_cast<unsigned>(type.size * 8);
  bool is_signed =
      type.encoding == Encoding::signed_ || type.kind == TypeKind::enum_ ||
      (type.encoding == Encoding::character && type.name.find("unsigned") == type.name.npos);
  if (bits < 64) {
    value &= (uint64_t{1} << bits) - 1;
    if (is_signed && bit_size != 1 && (value >> (bits - 1) & 1) != 0)
      value |= ~((uint64_t{1} << bits) - 1);
  }
  const auto number = static_cast<int64_t>(value);
  if (type.kind == TypeKind::enum_) return enumerator(reader, id, number, type.size);
  switch (type.encoding) {
    case Encoding::boolean:
      return value == 0 ? "false" : value == 1 ? "true" : fmt::format("true ({})", value);
    case Encoding::character:
    case Encoding::utf: {
      const uint32_t code = static_cast<uint32_t>(value) & (type.size == 1 ? 0xff : UINT32_MAX);
      std::string text = type.size == 1 && code >= 0x80 ? "" : quote_character(code);
      return shortest(number) + (text.empty() ? "" : " " + text);
    }
    case Encoding::unsigned_:
      return shortest(value);
    default:
      return is_signed ? shortest(number) : shortest(value);
  }
}

}  // namespace inquest::objects
