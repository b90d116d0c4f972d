/// Packed integers of a fixed byte order, alignment 1, for raw layouts of files.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>

namespace inquest {

/// Read-only bytes of a file or of the dead process. Borrowed.
using Bytes = std::span<const std::byte>;

template <std::integral T, std::endian Order>
struct [[gnu::packed]] Packed {
  unsigned char raw[sizeof(T)];

  Packed() = default;
  constexpr Packed(T value) { *this = value; }  // NOLINT: behaves like the integer it stores
  constexpr operator T() const {                // NOLINT
    using U = std::make_unsigned_t<T>;
    U value = 0;
    for (size_t i = 0; i < sizeof(T); ++i) {
      size_t shift = Order == std::endian::little ? i : sizeof(T) - 1 - i;
      value = static_cast<U>(value | (static_cast<U>(raw[i]) << (8 * shift)));
    }
    return static_cast<T>(value);
  }
  constexpr Packed& operator=(T value) {
    for (size_t i = 0; i < sizeof(T); ++i) {
      size_t shift = Order == std::endian::little ? i : sizeof(T) - 1 - i;
      raw[i] =
          static_cast<unsigned char>(static_cast<std::make_unsigned_t<T>>(value) >> (8 * shift));
    }
    return *this;
  }
};

using u8 = Packed<uint8_t, std::endian::little>;
using le16 = Packed<uint16_t, std::endian::little>;
using le32 = Packed<uint32_t, std::endian::little>;
using le64 = Packed<uint64_t, std::endian::little>;
using sle16 = Packed<int16_t, std::endian::little>;
using sle32 = Packed<int32_t, std::endian::little>;
using sle64 = Packed<int64_t, std::endian::little>;
using be32 = Packed<uint32_t, std::endian::big>;

static_assert(sizeof(le64) == 8 && alignof(le64) == 1);

}  // namespace inquest
