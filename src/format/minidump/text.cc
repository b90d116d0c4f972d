#include "format/minidump/text.h"

namespace inquest::minidump {
namespace {

void append_utf8(std::string& out, uint32_t c) {
  auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

bool is_high_surrogate(uint32_t c) { return (c & 0xfc00) == 0xd800; }
bool is_low_surrogate(uint32_t c) { return (c & 0xfc00) == 0xdc00; }

}  // namespace

std::string utf8_of_utf16(Bytes text) {
  constexpr uint32_t kReplacement = 0xfffd;
  auto unit = [&](size_t i) {
    return std::to_integer<uint32_t>(text[2 * i]) | std::to_integer<uint32_t>(text[2 * i + 1]) << 8;
  };
  const size_t count = text.size() / 2;
  std::string out;
  out.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    uint32_t c = unit(i);
    if (c == 0) break;
    if (is_high_surrogate(c) && i + 1 < count && is_low_surrogate(unit(i + 1))) {
      c = 0x10000 + ((c & 0x3ff) << 10 | (unit(++i) & 0x3ff));
    } else if (is_high_surrogate(c) || is_low_surrogate(c)) {
      c = kReplacement;
    }
    append_utf8(out, c);
  }
  return out;
}

}  // namespace inquest::minidump
