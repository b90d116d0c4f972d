#include "cause/fault/pointer_bytes.h"

#include <bit>
#include <cmath>

#include "cause/code/instruction.h"

namespace inquest::cause {
namespace {

struct Fill {
  uint32_t word;
  const char* who;
  bool freed;
};

/// Patterns of known allocators, a 32-bit word repeated. Sources: malloc(3) on M_PERTURB is any
/// byte and so not listed; jemalloc's "junk" option; Microsoft's debug heap; Linux's poison.h is
/// of the kernel and not listed.
constexpr Fill kFills[] = {
    {0xdddddddd, "freed memory of the Microsoft debug heap", true},
    {0xfeeefeee, "memory freed by HeapFree under a debugger", true},
    {0x5a5a5a5a, "memory freed by jemalloc with junk filling", true},
    {0xefefefef, "memory freed by Chromium's allocator", true},
    {0xdeadbeef, "the mark DEADBEEF", true},
    {0xa5a5a5a5, "memory allocated by jemalloc with junk filling and never set", false},
    {0xcdcdcdcd, "memory allocated by the Microsoft debug heap and never set", false},
    {0xcccccccc, "a local variable never set (Microsoft /RTC)", false},
    {0xbaadf00d, "memory allocated under a debugger and never set", false},
    {0xabababab, "the guard bytes behind a block of HeapAlloc", false},
    {0xfdfdfdfd, "the guard bytes around a block of the Microsoft debug heap", false},
    {0xbebebebe, "memory allocated under AddressSanitizer and never set", false},
    {0xaaaaaaaa, "a variable never set (-ftrivial-auto-var-init=pattern)", false},
    {0xfefefefe, "a variable never set (gcc's -ftrivial-auto-var-init=pattern)", false},
};

std::optional<PointerLook> as_fill(uint64_t pointer) {
  auto high = static_cast<uint32_t>(pointer >> 32), low = static_cast<uint32_t>(pointer);
  for (const Fill& fill : kFills) {
    // A member is at a small distance behind the pattern, or part of the pattern was truncated.
    bool full = high == fill.word && low - fill.word < 0x10000;
    bool half = high == 0 && low - fill.word < 0x1000 && fill.word != 0xaaaaaaaa;
    if (!full && !half) continue;
    return PointerLook{.what = fmt::format("is the pattern {:08x}: {}", fill.word, fill.who),
                       .is_freed_fill = fill.freed,
                       .is_unset_fill = !fill.freed};
  }
  return {};
}

bool is_printable(unsigned char c) { return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t'; }

std::optional<PointerLook> as_text(uint64_t pointer) {
  std::string text;
  unsigned letters = 0, i = 0;
  for (; i < 8; ++i) {
    auto c = static_cast<unsigned char>(pointer >> (8 * i));
    if (!is_printable(c)) break;
    letters += std::isalnum(c) || c == ' ' || c == '_' || c == '/' || c == '-' || c == '.';
    if (c == '\n')
      text += "\\n";
    else if (c == '\t')
      text += "\\t";
    else if (c == '"' || c == '\\')
      (text += '\\') += static_cast<char>(c);
    else
      text += static_cast<char>(c);
  }
  bool ends = i == 8 || pointer >> (8 * i) == 0;  // a terminating zero, and zeros behind it
  if (!ends || i < 5 || letters + 1 < i) return {};
  return PointerLook{
      .what =
          fmt::format("is {} characters of ASCII text, \"{}\": text was written over it", i, text),
      .is_text = true};
}

/// A user-space pointer of which only the low 32 bits are left: some mapping would fit the rest.
std::optional<PointerLook> as_half(uint64_t pointer, const snapshot::Snapshot& snapshot) {
  if (pointer >> 32 != 0 || pointer < 0x10000) return {};
  Address whole;
  unsigned fits = 0;
  uint64_t last_top = 0;
  for (const auto& region : snapshot.regions) {
    uint64_t first = region.range.begin.value >> 32;
    uint64_t last = (region.range.end.value - 1) >> 32;
    for (uint64_t top : {first, last}) {
      Address candidate{top << 32 | pointer};
      if (top == 0 || top == last_top || !region.range.contains(candidate)) continue;
      if (!region.access || !region.access->write) continue;
      last_top = top;
      whole = candidate;
      ++fits;
    }
  }
  if (fits != 1) return {};
  return PointerLook{.what = fmt::format("has only 32 bits; with the upper half that it may have "
                                         "lost it would be {}, which is mapped",
                                         whole)};
}

std::optional<PointerLook> as_number(uint64_t pointer) {
  double number = std::bit_cast<double>(pointer);
  double size = std::fabs(number);
  bool sensible = std::isfinite(number) && size >= 1e-4 && size <= 1e12;
  // Round in decimal or in binary: few set bits, or few digits.
  bool round = (pointer & 0xffffffff) == 0 || number * 1000 == std::floor(number * 1000);
  if (sensible && round && pointer >> 48 != 0) {
    return PointerLook{.what = fmt::format("is the floating-point number {}", number)};
  }
  uint64_t high = pointer >> 32, low = pointer & 0xffffffff;
  if (high != 0 && high < 0x10000 && low < 0x10000) {
    return PointerLook{.what = fmt::format("looks like two 32-bit numbers, {} and {}", low, high)};
  }
  return {};
}

/// The low 48 bits are mapped memory, and only the upper 16 are wrong.
std::optional<PointerLook> as_tagged(uint64_t pointer, const snapshot::Snapshot& snapshot) {
  Address low{pointer & 0x7fffffffffff};
  if (is_canonical(Address{pointer}) || !snapshot.region_at(low)) return {};
  if (std::popcount(pointer >> 47) == 1) {
    return PointerLook{.what = fmt::format("differs in one bit from {}, which is mapped", low)};
  }
  return PointerLook{.what = fmt::format("has {:#x} in its upper 16 bits; the lower 48 are {}, "
                                         "which is mapped",
                                         pointer >> 48, low)};
}

}  // namespace

std::optional<PointerLook> look_at(uint64_t pointer, const snapshot::Snapshot& snapshot) {
  if (auto look = as_fill(pointer)) return look;
  if (auto look = as_text(pointer)) return look;
  if (pointer == ~uint64_t{0}) return PointerLook{.what = "is -1, as MAP_FAILED and npos are"};
  if (auto look = as_tagged(pointer, snapshot)) return look;
  if (auto look = as_half(pointer, snapshot)) return look;
  return as_number(pointer);
}

}  // namespace inquest::cause
