#include "report/prose.h"

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fmt/core.h>
#include <vector>

namespace inquest::report {
namespace {

constexpr std::string_view kReplacement = "\uFFFD";
constexpr std::string_view kEllipsis = "…";

/// Length of the UTF-8 sequence at the start of `text`; 0 when it is none (RFC 3629).
size_t sequence_length(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  auto continues = [&](size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return continues(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (!continues(1) || !continues(2)) return 0;
    if (lead == 0xe0 && byte(1) < 0xa0) return 0;   // overlong
    if (lead == 0xed && byte(1) >= 0xa0) return 0;  // surrogates
    return 3;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (lead == 0xf0 && byte(1) < 0x90) return 0;
    if (lead == 0xf4 && byte(1) >= 0x90) return 0;
    return 4;
  }
  return 0;
}

/// C1 controls and the marks that reverse or hide text: they would rewrite what is printed too.
bool is_hidden_control(std::string_view sequence) {
  if (sequence.size() == 2) return sequence[0] == '\xc2' && sequence[1] < '\xa0';
  if (sequence.size() != 3 || sequence[0] != '\xe2') return false;
  auto last = static_cast<unsigned char>(sequence[2]);
  if (sequence[1] == '\x80')
    return (last >= 0x8b && last <= 0x8f) || (last >= 0xa8 && last <= 0xae);
  return sequence[1] == '\x81' && last >= 0xa0 && last <= 0xaf;
}

/// Byte offset of the n-th code point, or the size.
size_t offset_of(std::string_view text, size_t n) {
  size_t at = 0;
  while (n-- > 0 && at < text.size()) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) ++at;
  }
  return at;
}

/// Length of an operator's name made of angle brackets at `at` ("operator<<" and the like), whose
/// brackets are none.
size_t operator_length(std::string_view text, size_t at) {
  constexpr std::string_view word = "operator";
  if (text.substr(at, word.size()) != word) return 0;
  for (std::string_view symbol :
       {"<=>", "<<=", ">>=", "->*", "<<", ">>", "<=", ">=", "->", "<", ">", "()"}) {
    if (text.substr(at + word.size(), symbol.size()) == symbol) {
      return word.size() + symbol.size();
    }
  }
  return 0;
}

/// The text with whatever stands in brackets deeper than `keep` replaced by an ellipsis.
std::string emptied(std::string_view text, char open, char close, int keep) {
  std::string out;
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (size_t n = operator_length(text, i)) {
      if (depth <= keep) out += text.substr(i, n);
      i += n - 1;
      continue;
    }
    char c = text[i];
    if (c == open) {
      if (depth++ < keep)
        out += c;
      else if (depth == keep + 1 && i + 1 < text.size() && text[i + 1] == close)
        out += c;
      else if (depth == keep + 1)
        out += c, out += kEllipsis;
      continue;
    }
    if (c == close && depth > 0) {
      if (--depth <= keep) out += c;
      continue;
    }
    if (depth <= keep) out += c;
  }
  return out;
}

}  // namespace

std::string clean(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    size_t n = sequence_length(text);
    auto c = static_cast<unsigned char>(text[0]);
    if (n == 0) {
      out += kReplacement;
      n = 1;
    } else if (c == '\n' || c == '\t') {
      out += ' ';
    } else if (c < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", c);
    } else if (is_hidden_control(text.substr(0, n))) {
      out += kReplacement;
    } else {
      out += text.substr(0, n);
    }
    text.remove_prefix(n);
  }
  return out;
}

size_t columns(std::string_view text) {
  size_t count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

std::string wrapped(std::string_view text, std::string_view first, unsigned width) {
  size_t indent = columns(first);
  size_t room = width > indent + 20 ? width - indent : 20;
  std::string out(first);
  size_t used = 0;
  bool line_is_empty = true;
  while (!text.empty()) {
    size_t end = text.find(' ');
    std::string_view word = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (word.empty()) continue;
    size_t length = columns(word);
    if (!line_is_empty && used + 1 + length > room) {
      out += '\n' + std::string(indent, ' ');
      used = 0;
      line_is_empty = true;
    }
    if (!line_is_empty) out += ' ', ++used;
    out += word;
    used += length;
    line_is_empty = false;
  }
  return out + '\n';
}

std::string middle_cut(std::string_view text, size_t width) {
  size_t length = columns(text);
  if (length <= width || width < 4) return std::string(text);
  size_t head = (width - 1) / 3, tail = width - 1 - head;
  return std::string(text.substr(0, offset_of(text, head))) + std::string(kEllipsis) +
         std::string(text.substr(offset_of(text, length - tail)));
}

std::string shortened(std::string_view function, size_t width) {
  if (columns(function) <= width) return std::string(function);
  std::string best(function);
  for (int keep : {2, 1, 0}) {
    best = emptied(function, '<', '>', keep);
    if (columns(best) <= width) return best;
  }
  best = emptied(best, '(', ')', 0);
  return middle_cut(best, width);
}

std::string plain_path(std::string_view path) {
  if (path.find("..") == path.npos && !path.starts_with("./")) return std::string(path);
  return std::filesystem::path(path).lexically_normal().string();
}

std::string confidence_text(double confidence) {
  if (!(confidence > 0)) confidence = 0;
  if (confidence > 1) confidence = 1;
  const char* words = confidence >= 0.95  ? "almost certain"
                      : confidence >= 0.8 ? "very likely"
                      : confidence >= 0.6 ? "likely"
                      : confidence >= 0.4 ? "possible"
                                          : "a guess";
  return fmt::format("{} ({:.0f} %)", words, std::floor(confidence * 100 + 0.5));
}

}  // namespace inquest::report
