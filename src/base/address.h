/// Four kinds of number that must not be mixed up, each a type of its own.
/// Values; no allocation; safe from any thread.
#pragma once

#include <algorithm>
#include <charconv>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <fmt/core.h>
#include <functional>
#include <limits>

namespace inquest {

/// An address in the dead process.
struct Address {
  uint64_t value = 0;

  friend auto operator<=>(Address, Address) = default;
  /// Arithmetic wraps at 2^64, as the processor's does.
  friend constexpr Address operator+(Address a, uint64_t n) { return {a.value + n}; }
  friend constexpr Address operator-(Address a, uint64_t n) { return {a.value - n}; }
  friend constexpr uint64_t operator-(Address a, Address b) { return a.value - b.value; }
};

/// An offset from the module's load base: address = base + rva. For ELF this is the
/// virtual address in the file (p_vaddr space) minus the lowest PT_LOAD address rounded to its
/// page.
struct Rva {
  uint64_t value = 0;
  friend auto operator<=>(Rva, Rva) = default;
  friend constexpr Rva operator+(Rva a, uint64_t n) { return {a.value + n}; }
  friend constexpr Rva operator-(Rva a, uint64_t n) { return {a.value - n}; }
  friend constexpr uint64_t operator-(Rva a, Rva b) { return a.value - b.value; }
};

/// A byte offset in a file on disk.
struct FileOffset {
  uint64_t value = 0;
  friend auto operator<=>(FileOffset, FileOffset) = default;
  friend constexpr FileOffset operator+(FileOffset a, uint64_t n) { return {a.value + n}; }
  friend constexpr uint64_t operator-(FileOffset a, FileOffset b) { return a.value - b.value; }
};

/// Half-open: [begin, end). Empty when begin >= end.
struct AddressRange {
  Address begin;
  Address end;

  constexpr uint64_t size() const { return begin < end ? end - begin : 0; }
  constexpr bool empty() const { return !(begin < end); }
  constexpr bool contains(Address a) const { return begin <= a && a < end; }
  /// Whether [a, a+n) lies inside; false when a+n wraps.
  constexpr bool contains(Address a, uint64_t n) const {
    return contains(a) && n <= end.value - a.value;
  }
  friend auto operator<=>(const AddressRange&, const AddressRange&) = default;
};

/// Writes "0x7f12": to print an address needs no more of fmt than its smallest header.
template <class Out>
Out write_hex(uint64_t value, Out out) {
  char digits[16];
  char* end = std::to_chars(digits, digits + sizeof digits, value, 16).ptr;
  *out++ = '0';
  *out++ = 'x';
  return std::copy(digits, end, out);
}

}  // namespace inquest

template <>
struct std::hash<inquest::Address> {
  size_t operator()(inquest::Address a) const noexcept { return std::hash<uint64_t>{}(a.value); }
};

/// Prints as 0x7f12...; `{:x}` style specs are not taken, one way suffices.
template <>
struct fmt::formatter<inquest::Address> {
  constexpr auto parse(format_parse_context& context) { return context.begin(); }
  template <class Context>
  auto format(inquest::Address a, Context& context) const {
    return inquest::write_hex(a.value, context.out());
  }
};
template <>
struct fmt::formatter<inquest::Rva> {
  constexpr auto parse(format_parse_context& context) { return context.begin(); }
  template <class Context>
  auto format(inquest::Rva a, Context& context) const {
    return inquest::write_hex(a.value, context.out());
  }
};
