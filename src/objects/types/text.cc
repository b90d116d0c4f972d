#include "objects/types/text.h"

#include <algorithm>
#include <array>

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
