#include "base/utf8.h"

#include <algorithm>

namespace inquest {
namespace {

constexpr uint32_t kReplacement = 0xFFFD;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<signed char>(c) > 0; });
}

}  // namespace

Utf8 decode_utf8(std::string_view text) {
  auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return {first, 1};
  unsigned bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < bytes) return {};
  uint32_t code = first & (0x7Fu >> bytes);
  for (unsigned i = 1; i < bytes; ++i) {
    if (!is_continuation(text[i])) return {};
    code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
  }
  bool overlong = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
  bool surrogate = code >= 0xD800 && code < 0xE000;
  if (overlong || surrogate || code > 0x10FFFF) return {};
  return {code, bytes};
}

void append_utf8(std::string& out, uint32_t code) {
  auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

bool is_plain_utf8(std::string_view text) {
  if (is_ascii(text)) return true;
  while (!text.empty()) {
    Utf8 next = decode_utf8(text);
    if (next.bytes == 0 || next.code == 0) return false;
    text.remove_prefix(next.bytes);
  }
  return true;
}

std::string make_utf8(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    Utf8 next = decode_utf8(bytes);
    bool is_good = next.bytes != 0 && next.code != 0;
    append_utf8(out, is_good ? next.code : kReplacement);
    bytes.remove_prefix(is_good ? next.bytes : 1);
  }
  return out;
}

}  // namespace inquest
