#include "objects/values/text.h"

#include <cstring>
#include <fmt/core.h>
#include <iconv.h>
#include <memory>

namespace inquest::objects {
namespace {

/// How many bytes the character at `at` has; 0 when it is no UTF-8. `lacks`: the text ends in it.
/// Source: Unicode 15, table 3-7.
size_t utf8_length(std::string_view text, size_t at, bool& lacks) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(at);
  if (first < 0x80) return 1;
  size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                  : first >= 0xe0 && first <= 0xef ? 3
                  : first >= 0xf0 && first <= 0xf4 ? 4
                                                   : 0;
  if (length == 0) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (at + i >= text.size()) {
      lacks = true;
      return 0;
    }
    unsigned low = 0x80, high = 0xbf;
    if (i == 1 && first == 0xe0) low = 0xa0;
    if (i == 1 && first == 0xed) high = 0x9f;
    if (i == 1 && first == 0xf0) low = 0x90;
    if (i == 1 && first == 0xf4) high = 0x8f;
    if (byte(at + i) < low || byte(at + i) > high) return 0;
  }
  return length;
}

void append_utf8(std::string& out, uint32_t code) {
  auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

bool is_control(uint32_t code) { return code < 0x20 || (code >= 0x7f && code < 0xa0); }

void append_escaped(std::string& out, uint32_t code, unsigned unit) {
  switch (code) {
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    case 0:
      out += "\\0";
      return;
    default:
      out += unit == 1   ? fmt::format("\\x{:02x}", code)
             : unit == 2 ? fmt::format("\\u{:04x}", code)
                         : fmt::format("\\U{:08x}", code);
  }
}

void append_character(std::string& out, uint32_t code, char quote) {
  if (code == static_cast<uint32_t>(quote) || code == '\\') out += '\\';
  append_utf8(out, code);
}

struct CloseIconv {
  void operator()(void* handle) const { iconv_close(static_cast<iconv_t>(handle)); }
};

/// CP949 as UTF-8; absent when it is none. The C library knows the table.
std::optional<std::string> from_cp949(std::string_view text, bool is_cut) {
  iconv_t opened = iconv_open("UTF-8", "CP949");
  // NOLINTNEXTLINE(performance-no-int-to-ptr): how iconv_open says that it failed.
  if (opened == reinterpret_cast<iconv_t>(-1)) return {};
  std::unique_ptr<void, CloseIconv> handle(opened);
  std::string in(text), out(text.size() * 3, '\0');
  char *from = in.data(), *to = out.data();
  size_t left = in.size(), room = out.size();
  size_t done = iconv(opened, &from, &left, &to, &room);
  if (done == static_cast<size_t>(-1) && !(is_cut && left == 1)) return {};
  out.resize(static_cast<size_t>(to - out.data()));
  return out;
}

uint32_t unit_at(std::span<const std::byte> bytes, size_t at, unsigned unit) {
  uint32_t code = 0;
  std::memcpy(&code, bytes.data() + at, unit);
  return code;
}

void append_bytes(std::string& out, std::string_view text, bool is_cut) {
  for (size_t i = 0; i < text.size();) {
    bool lacks = false;
    size_t length = utf8_length(text, i, lacks);
    const auto byte = static_cast<unsigned char>(text[i]);
    if (length == 0 && lacks && is_cut) return;  // the cut went through it
    if (length == 0 || (length == 1 && is_control(byte))) {
      append_escaped(out, byte, 1);
      ++i;
    } else if (length == 1) {
      append_character(out, byte, '"');
      ++i;
    } else {
      out.append(text.substr(i, length));
      i += length;
    }
  }
}

/// UTF-16 and UTF-32.
void append_wide(std::string& out, std::span<const std::byte> bytes, unsigned unit) {
  for (size_t at = 0; at + unit <= bytes.size(); at += unit) {
    uint32_t code = unit_at(bytes, at, unit);
    const bool is_high = unit == 2 && code >= 0xd800 && code < 0xdc00;
    if (is_high && at + 2 * unit <= bytes.size()) {
      const uint32_t low = unit_at(bytes, at + unit, unit);
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        at += unit;
      }
    }
    if (is_control(code) || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff) {
      append_escaped(out, code, unit);
    } else {
      append_character(out, code, '"');
    }
  }
}

}  // namespace

bool is_utf8(std::string_view text) {
  TextKind kind = kind_of_text(text);
  return kind == TextKind::ascii || kind == TextKind::utf8;
}

TextKind kind_of_text(std::string_view bytes, bool is_cut) {
  TextKind kind = TextKind::ascii;
  bool is_valid = true;
  for (size_t i = 0; i < bytes.size() && is_valid;) {
    bool lacks = false;
    size_t length = utf8_length(bytes, i, lacks);
    if (length == 0) {
      is_valid = lacks && is_cut;
      if (is_valid) kind = TextKind::utf8;
      break;
    }
    if (length > 1) kind = TextKind::utf8;
    i += length;
  }
  if (is_valid) return kind;
  return from_cp949(bytes, is_cut) ? TextKind::cp949 : TextKind::bytes;
}

QuotedText quote(std::span<const std::byte> bytes, unsigned unit, std::string_view prefix,
                 bool is_cut) {
  QuotedText out{.literal = std::string(prefix) + '"'};
  if (unit == 1) {
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::string korean;
    if (kind_of_text(text, is_cut) == TextKind::cp949) {
      korean = from_cp949(text, is_cut).value_or("");
      text = korean;
      out.note = "CP949";
    }
    append_bytes(out.literal, text, is_cut);
  } else {
    append_wide(out.literal, bytes, unit);
  }
  out.literal += is_cut ? "\"..." : "\"";
  return out;
}

std::string quote_character(uint32_t code) {
  std::string out = "'";
  if (is_control(code) && code < 0x80) {
    append_escaped(out, code, 1);
  } else if (is_control(code) || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff) {
    return {};
  } else {
    append_character(out, code, '\'');
  }
  return out + "'";
}

}  // namespace inquest::objects
