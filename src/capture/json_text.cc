#include "capture/json_text.h"

#include <cstdint>
#include <fmt/core.h>

namespace inquest::capture {
namespace {

/// How many bytes the well-formed UTF-8 character at the start of `text` has; 0 when it is none
/// (Unicode 15, table 3-7).
size_t character_size(std::string_view text) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : 0u; };
  auto follows = [&](size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return byte(i) >= low && byte(i) <= high;
  };
  unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    unsigned low = first == 0xe0 ? 0xa0 : 0x80;   // not overlong
    unsigned high = first == 0xed ? 0x9f : 0xbf;  // not a surrogate
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    unsigned low = first == 0xf0 ? 0x90 : 0x80;
    unsigned high = first == 0xf4 ? 0x8f : 0xbf;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    size_t size = character_size(text);
    char first = text.front();
    if (size == 0) {
      out += "\\ufffd";
      size = 1;
    } else if (first == '"' || first == '\\') {
      out += '\\';
      out += first;
    } else if (static_cast<unsigned char>(first) < 0x20 || first == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(first));
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  return out + '"';
}

std::string json_array(const std::vector<std::string>& strings) {
  std::string out = "[";
  for (const auto& string : strings) {
    if (out.size() > 1) out += ',';
    out += json_string(string);
  }
  return out + ']';
}

}  // namespace inquest::capture
