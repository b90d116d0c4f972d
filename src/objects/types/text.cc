#include "objects/types/text.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace inquest::objects {
namespace {

constexpr size_t kLooked = 256;
constexpr size_t kLeast = 4;  // characters: the low bytes of a pointer can be three letters

bool is_printable(uint8_t c) { return (c >= 0x20 && c < 0x7f) || (c >= '\t' && c <= '\r'); }

/// Bytes of the UTF-8 sequence that begins there; 0: it is none; 4 too when it is cut.
size_t sequence(Bytes bytes, size_t at) {
  const auto first = static_cast<uint8_t>(bytes[at]);
  const size_t length = first >= 0xc2 && first < 0xe0   ? 2
                        : first >= 0xe0 && first < 0xf0 ? 3
                        : first >= 0xf0 && first < 0xf5 ? 4
                                                        : 0;
  if (length == 0) return 0;
  for (size_t i = 1; i < length && at + i < bytes.size(); ++i) {
    if ((static_cast<uint8_t>(bytes[at + i]) & 0xc0) != 0x80) return 0;
  }
  return length;
}

/// Characters before the NUL; 0 when something else comes first.
struct Narrow {
  size_t bytes = 0, characters = 0, letters = 0;
  bool ended = false, good = true;
};
Narrow narrow(Bytes bytes) {
  Narrow out;
  while (out.bytes < bytes.size()) {
    const auto c = static_cast<uint8_t>(bytes[out.bytes]);
    if (c == 0) {
      out.ended = true;
      return out;
    }
    size_t length = is_printable(c) ? 1 : sequence(bytes, out.bytes);
    if (length == 0) {
      out.good = false;
      return out;
    }
    out.letters += (c | 32) >= 'a' && (c | 32) <= 'z';
    out.bytes += length;
    ++out.characters;
  }
  return out;
}

/// Little-endian, of 1, 2, 4 or 8 bytes.
uint64_t number_in(Bytes bytes, size_t at, size_t width) {
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + at, width);
  return value;
}

/// Characters that fill exactly the length which stands before them, and a NUL.
bool is_text_of(Bytes block, size_t head, uint64_t length, uint64_t room) {
  if (length > room || room > block.size() || head + room + 1 > block.size()) return false;
  const uint64_t wanted = head + room + 1;
  if (block.size() - wanted > wanted / 4 + 16 || block[head + length] != std::byte{0}) return false;
  const Narrow found = narrow(block.subspan(head, std::min<uint64_t>(length, kLooked)));
  return found.good && !found.ended && found.characters >= kLeast;
}

/// A string of redis' library SDS (sds.h), which keeps before the characters: length, capacity, of
/// 1, 2, 4 or 8 bytes each, and a byte that says which; or, in that byte alone, a length below 32.
bool is_behind_length(Bytes block) {
  if (block.size() < 8) return false;
  const auto first = static_cast<uint8_t>(block[0]);
  if ((first & 7) == 0 && is_text_of(block, 1, first >> 3, first >> 3)) return true;
  for (size_t kind = 1; kind <= 4; ++kind) {
    const size_t width = size_t{1} << (kind - 1), head = 2 * width + 1;
    if (block.size() <= head || static_cast<uint8_t>(block[head - 1]) != kind) continue;
    if (is_text_of(block, head, number_in(block, 0, width), number_in(block, width, width)))
      return true;
  }
  return false;
}

}  // namespace

BlockText block_text(Bytes block) {
  const Bytes bytes = block.first(std::min(block.size(), kLooked));
  const Narrow found = narrow(bytes);
  if (found.good && found.characters >= kLeast) {
    const bool enough = found.bytes >= 16 || found.bytes * 4 >= block.size();
    if (enough && (found.ended || bytes.size() < block.size() || found.bytes >= bytes.size())) {
      return BlockText::narrow;
    }
  }
  if (is_behind_length(block)) return BlockText::narrow;
  size_t units = 0;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const auto low = static_cast<uint8_t>(bytes[i]), high = static_cast<uint8_t>(bytes[i + 1]);
    if (high != 0 || !is_printable(low)) {
      if (low != 0 || high != 0) units = 0;
      break;
    }
    ++units;
  }
  return units >= kLeast && (units >= 8 || units * 8 >= block.size()) ? BlockText::utf16
                                                                      : BlockText::none;
}

}  // namespace inquest::objects
