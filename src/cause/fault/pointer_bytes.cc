#include "cause/fault/pointer_bytes.h"

#include <bit>
#include <cmath>

#include "cause/code/instruction.h"

namespace inquest::cause {
namespace {

enum class Filled : uint8_t { freed, fresh, guard };

struct Fill {
  uint32_t word;
  const char* who;
  Filled what;
};

/// Patterns of known allocators, a 32-bit word repeated. Sources: malloc(3) on M_PERTURB is any
/// byte and so not listed; jemalloc's "junk" option; Microsoft's debug heap; Linux's poison.h is
/// of the kernel and not listed.
constexpr Fill kFills[] = {
    {0xdddddddd, "the Microsoft debug heap", Filled::freed},
    {0xfeeefeee, "HeapFree under a debugger", Filled::freed},
    {0x5a5a5a5a, "jemalloc with junk filling", Filled::freed},
    {0xefefefef, "Chromium's allocator", Filled::freed},
    {0xdeadbeef, "many a program (DEADBEEF)", Filled::freed},
    {0xa5a5a5a5, "jemalloc with junk filling", Filled::fresh},
    {0xcdcdcdcd, "the Microsoft debug heap", Filled::fresh},
    {0xcccccccc, "Microsoft's /RTC", Filled::fresh},
    {0xbaadf00d, "HeapAlloc under a debugger", Filled::fresh},
    {0xabababab, "HeapAlloc", Filled::guard},
    {0xfdfdfdfd, "the Microsoft debug heap", Filled::guard},
    {0xbebebebe, "AddressSanitizer", Filled::fresh},
    {0xaaaaaaaa, "clang's -ftrivial-auto-var-init=pattern", Filled::fresh},
    {0xfefefefe, "gcc's -ftrivial-auto-var-init=pattern", Filled::fresh},
};

constexpr const char* done_by(Filled what) {
  switch (what) {
    case Filled::freed:
      return "writes into freed memory";
    case Filled::fresh:
      return "writes into what was never set";
    case Filled::guard:
      return "writes around a block as a guard";
  }
  return "";
}

std::optional<PointerLook> as_fill(uint64_t pointer) {
  auto high = static_cast<uint32_t>(pointer >> 32), low = static_cast<uint32_t>(pointer);
  for (const Fill& fill : kFills) {
    // A member is at a small distance behind the pattern, or part of the pattern was truncated.
    bool full = high == fill.word && low - fill.word < 0x10000;
    bool half = high == 0 && low - fill.word < 0x1000 && fill.word != 0xaaaaaaaa;
    if (!full && !half) continue;
    return PointerLook{.what = fmt::format("is the pattern {:08x}, which {} {}", fill.word,
                                           fill.who, done_by(fill.what)),
                       .is_freed_fill = fill.what == Filled::freed,
                       .is_unset_fill = fill.what == Filled::fresh};
  }
  return {};
}

struct Text {
  std::string shown;  ///< escaped
  unsigned characters = 0;
  unsigned letters = 0;  ///< of them, those that names and words are made of

  bool is_likely() const { return letters + 1 >= characters; }
};

/// The printable ASCII characters, `width` bits each, that a word begins with.
Text leading_text(uint64_t word, unsigned width) {
  Text out;
  const uint64_t mask = (uint64_t{1} << width) - 1;
  for (unsigned shift = 0; shift < 64; shift += width) {
    uint64_t unit = word >> shift & mask;
    if (!((unit >= 0x20 && unit < 0x7f) || unit == '\n' || unit == '\t')) break;
    auto c = static_cast<unsigned char>(unit);
    ++out.characters;
    out.letters += std::isalnum(c) || c == ' ' || c == '_' || c == '/' || c == '-' || c == '.';
    if (c == '\n')
      out.shown += "\\n";
    else if (c == '\t')
      out.shown += "\\t";
    else if (c == '"' || c == '\\')
      (out.shown += '\\') += static_cast<char>(c);
    else
      out.shown += static_cast<char>(c);
  }
  return out;
}

std::optional<PointerLook> as_text(uint64_t pointer) {
  struct Encoding {
    unsigned width, least;
    const char* name;
  };
  for (Encoding encoding : {Encoding{8, 5, "ASCII"}, Encoding{16, 3, "UTF-16"}}) {
    const Text text = leading_text(pointer, encoding.width);
    const unsigned bits = text.characters * encoding.width;
    bool ends = bits == 64 || pointer >> bits == 0;  // a terminating zero, and zeros behind it
    if (!ends || text.characters < encoding.least || !text.is_likely()) continue;
    return PointerLook{.what = fmt::format("is {} characters of {} text, \"{}\": text was written "
                                           "over it",
                                           text.characters, encoding.name, text.shown),
                       .is_text = true};
  }
  // Of text that something small was added to, only the lowest byte is another.
  const Text upper = leading_text(pointer >> 8, 8);
  if (upper.characters != 7 || !upper.is_likely()) return {};
  return PointerLook{.what = fmt::format("is ASCII text but for its lowest byte, \"{}\": text was "
                                         "written over what it was computed from",
                                         upper.shown),
                     .is_text = true};
}

/// A user-space pointer of which only the low 32 bits are left, as they are or sign-extended: some
/// mapping would fit the rest.
std::optional<PointerLook> as_half(uint64_t pointer, const snapshot::Snapshot& snapshot) {
  const bool extended = pointer >= 0xffffffff80000000 && pointer < 0xffffffffffff0000;
  if (extended) pointer &= 0xffffffff;
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
  return PointerLook{.what = fmt::format("has only 32 bits{}; with the upper half that it may have "
                                         "lost it would be {}, which is mapped",
                                         extended ? ", sign-extended (as an int is)" : "", whole)};
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

/// One of the upper bits makes the difference to mapped memory: of a stray address hardly any
/// would, as a process maps little of what it can.
std::optional<PointerLook> as_flipped(uint64_t pointer, const snapshot::Snapshot& snapshot) {
  constexpr unsigned kFirst = 32, kEnd = 47;
  if (pointer >> kFirst == 0 || pointer >> kEnd != 0 || snapshot.region_at(Address{pointer})) {
    return {};
  }
  std::optional<Address> whole;
  for (unsigned bit = kFirst; bit < kEnd; ++bit) {
    Address candidate{pointer ^ uint64_t{1} << bit};
    const auto* region = snapshot.region_at(candidate);
    if (!region || !region->access || !region->access->read) continue;
    if (whole) return {};
    whole = candidate;
  }
  if (!whole) return {};
  return PointerLook{.what = fmt::format("differs in one bit from {}, which is mapped", *whole)};
}

}  // namespace

std::optional<PointerLook> look_at(uint64_t pointer, const snapshot::Snapshot& snapshot) {
  if (auto look = as_fill(pointer)) return look;
  if (auto look = as_text(pointer)) return look;
  if (pointer == ~uint64_t{0}) return PointerLook{.what = "is -1, as MAP_FAILED and npos are"};
  if (pointer >= static_cast<uint64_t>(-4095)) {
    return PointerLook{.what = fmt::format("is {}: computed from a null pointer (as the last "
                                           "element of an empty container is), or an error number",
                                           static_cast<int64_t>(pointer))};
  }
  if (auto look = as_tagged(pointer, snapshot)) return look;
  if (auto look = as_half(pointer, snapshot)) return look;
  if (auto look = as_flipped(pointer, snapshot)) return look;
  return as_number(pointer);
}

}  // namespace inquest::cause
