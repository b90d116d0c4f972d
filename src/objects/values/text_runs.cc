#include "objects/values/text_runs.h"

#include <algorithm>

#include "base/utf8.h"

namespace inquest::objects {
namespace {

bool is_printable_ascii(uint32_t code) {
  return (code >= 0x20 && code < 0x7F) || code == '\t' || code == '\n' || code == '\r';
}

bool is_ideograph(uint32_t code) { return code >= 0x4E00 && code < 0xA000; }

/// Of the scripts that programs are likely to hold: any pair of bytes is some character.
bool is_shown(uint32_t code) {
  if (code < 0x80) return is_printable_ascii(code);
  if (code < 0x250) return code >= 0xA0;                      // Latin
  if (code < 0x600) return code >= 0x370;                     // Greek, Cyrillic, Armenian, Hebrew
  if (code < 0x700) return true;                              // Arabic
  if (code < 0x2100) return code >= 0x2010 && code < 0x2070;  // punctuation
  if (code < 0x3100) return code >= 0x3000;                   // Kana
  if (is_ideograph(code)) return true;
  if (code >= 0xAC00 && code < 0xD7A4) return true;  // Hangul
  return code >= 0x1F300 && code < 0x1FB00;          // pictures
}

char byte_char(Bytes bytes, size_t at) { return static_cast<char>(bytes[at]); }
unsigned code_unit_at(Bytes bytes, size_t at) {
  return static_cast<unsigned>(bytes[at]) | static_cast<unsigned>(bytes[at + 1]) << 8;
}

TextRun utf8_run(Bytes bytes, size_t begin) {
  TextRun run{.begin = begin, .encoding = "ascii"};
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  while (begin + run.bytes < text.size()) {
    Utf8 next = decode_utf8(text.substr(begin + run.bytes, 4));
    if (next.bytes == 0 || !is_shown(next.code)) break;
    if (next.bytes > 1) run.encoding = "utf-8";
    run.bytes += next.bytes;
    ++run.characters;
  }
  return run;
}

/// Two random bytes are an ideograph as often as not: a run goes on only as long as it has no more
/// of them than of other characters. It looks a bounded way ahead, so that what is no text is left
/// soon.
TextRun utf16_run(Bytes bytes, size_t begin) {
  constexpr size_t kAhead = 8;
  TextRun run{.begin = begin, .encoding = "utf-16"};
  size_t characters = 0, ideographs = 0;
  for (size_t at = begin; at + 2 <= bytes.size(); at += 2) {
    unsigned unit = code_unit_at(bytes, at);
    if (!is_shown(unit)) break;
    ++characters;
    ideographs += is_ideograph(unit) ? 1 : 0;
    if (ideographs * 2 > characters + kAhead) break;
    if (ideographs * 2 > characters) continue;
    run.bytes = at + 2 - begin;
    run.characters = characters;
  }
  return run;
}

}  // namespace

std::optional<TextRun> find_text(Bytes bytes, size_t from) {
  for (size_t at = from; at + kLeastCharacters <= bytes.size();) {
    // A zero may be the lower half of a character: of U+AC00, say.
    if (bytes[at] == std::byte{0} && (at % 2 != 0 || bytes[at + 1] == std::byte{0})) {
      ++at;
      continue;
    }
    TextRun plain = utf8_run(bytes, at);
    if (plain.characters >= kLeastCharacters) return plain;
    if (at % 2 == 0) {
      TextRun wide = utf16_run(bytes, at);
      if (wide.characters >= kLeastCharacters) return wide;
    }
    ++at;
  }
  return {};
}

std::string text_of(Bytes bytes, const TextRun& run) {
  std::string text;
  if (run.encoding == "utf-16") {
    for (size_t i = 0; i < run.bytes; i += 2) append_utf8(text, code_unit_at(bytes, run.begin + i));
  } else {
    for (size_t i = 0; i < run.bytes; ++i) text.push_back(byte_char(bytes, run.begin + i));
  }
  return text;
}

}  // namespace inquest::objects
