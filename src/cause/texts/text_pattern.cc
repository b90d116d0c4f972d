#include "cause/texts/text_pattern.h"

#include <algorithm>

namespace inquest::cause {
namespace {

constexpr size_t kLongestPatternText = 120, kLongestLooked = 512;
constexpr size_t kLeastHex = 8, kLeastToken = 16, kLongestWord = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_small(char c) { return c >= 'a' && c <= 'z'; }
bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) { return is_small(c) || is_capital(c); }
bool is_alnum(char c) { return is_digit(c) || is_letter(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// Characters of a path's part, and of words with dots and dashes in them.
bool is_of_name(char c) {
  return is_alnum(c) || c == '_' || c == '-' || c == '.' || c == '+' || c == '~' || c == '%' ||
         c == '@' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_separator(char c) { return c == '/' || c == '\\'; }

class PatternMaker {
 public:
  explicit PatternMaker(std::string_view text) : text_(text.substr(0, kLongestLooked)) {}

  std::string make() {
    while (at_ < text_.size() && out_.size() < kLongestPatternText) {
      const bool begins = at_ == 0 || !is_alnum(text_[at_ - 1]);
      if (begins && (path() || uuid() || mac() || ip() || ip6() || hex_number() || word()))
        continue;
      if (is_digit(text_[at_])) {
        digits();
      } else {
        out_ += text_[at_++];
      }
    }
    if (at_ < text_.size()) {
      // Not in the middle of a character.
      while (!out_.empty() && (static_cast<unsigned char>(out_.back()) & 0xc0) == 0x80)
        out_.pop_back();
      if (!out_.empty() && static_cast<unsigned char>(out_.back()) >= 0xc0) out_.pop_back();
      out_ += "...";
    }
    return std::move(out_);
  }

 private:
  char peek(size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  template <class Is>
  size_t length_of(size_t from, Is is) const {
    size_t length = 0;
    while (from + length < text_.size() && is(text_[from + length])) ++length;
    return length;
  }
  bool take(size_t length, std::string_view mark) {
    out_ += mark;
    at_ += length;
    return true;
  }

  void digits() {
    at_ += length_of(at_, is_digit);
    out_ += '#';
  }

  bool uuid() {
    constexpr size_t kParts[] = {8, 4, 4, 4, 12};
    size_t length = 0;
    for (size_t part : kParts) {
      if (length != 0 && peek(length++) != '-') return false;
      for (size_t i = 0; i < part; ++i) {
        if (!is_hex(peek(length++))) return false;
      }
    }
    return !is_alnum(peek(length)) && take(length, "<uuid>");
  }

  bool mac() {
    size_t length = 0;
    for (size_t part = 0; part < 6; ++part) {
      if (part != 0 && peek(length++) != ':') return false;
      if (!is_hex(peek(length)) || !is_hex(peek(length + 1))) return false;
      length += 2;
    }
    return !is_alnum(peek(length)) && peek(length) != ':' && take(length, "<mac>");
  }

  /// Four numbers of up to 255. A fifth makes it a version, or something else.
  bool ip() {
    if (at_ > 0 && text_[at_ - 1] == '.') return false;
    size_t length = 0;
    for (size_t part = 0; part < 4; ++part) {
      if (part != 0 && peek(length++) != '.') return false;
      const size_t count = length_of(at_ + length, is_digit);
      if (count == 0 || count > 3) return false;
      unsigned value = 0;
      for (size_t i = 0; i < count; ++i)
        value = value * 10 + static_cast<unsigned>(peek(length + i) - '0');
      if (value > 255) return false;
      length += count;
    }
    if (is_alnum(peek(length)) || (peek(length) == '.' && is_digit(peek(length + 1)))) return false;
    return take(length, "<ip>");
  }

  /// Eight groups, or fewer with "::" among them. Times of day have neither.
  bool ip6() {
    size_t length = 0, groups = 0;
    bool has_gap = false;
    while (true) {
      const size_t digits = length_of(at_ + length, is_hex);
      if (digits > 4) return false;
      length += digits;
      groups += digits > 0;
      if (peek(length) != ':') break;
      has_gap |= peek(length + 1) == ':';
      ++length;
    }
    if (is_alnum(peek(length)) || groups == 0) return false;
    if (groups != 8 && !(has_gap && groups >= 2 && groups < 8)) return false;
    // "ad::Feed" is a name.
    if (std::ranges::none_of(text_.substr(at_, length), is_digit)) return false;
    return take(length, "<ip>");
  }

  bool hex_number() {
    if (peek(0) != '0' || (peek(1) != 'x' && peek(1) != 'X')) return false;
    const size_t count = length_of(at_ + 2, is_hex);
    return count > 0 && !is_alnum(peek(2 + count)) && take(2 + count, "0x#");
  }

  /// Whole words that no person chose.
  bool word() {
    const size_t length = length_of(at_, is_alnum);
    if (length < kLeastHex) return false;
    const std::string_view whole = text_.substr(at_, length);
    // No language has such words; people who write them together begin each with a capital.
    if (length >= kLongestWord &&
        (std::ranges::all_of(whole, is_small) || std::ranges::all_of(whole, is_capital)))
      return take(length, "<token>");
    const bool has_digits = std::ranges::any_of(whole, is_digit);
    if (!has_digits || !std::ranges::any_of(whole, is_letter)) return false;
    if (std::ranges::all_of(whole, is_hex)) return take(length, "<hex>");
    const bool is_mixed =
        std::ranges::any_of(whole, is_small) && std::ranges::any_of(whole, is_capital);
    const auto numbers = static_cast<size_t>(std::ranges::count_if(whole, is_digit));
    // "Room12" and "MAX2000" are names with a number.
    if (length >= kLeastToken && is_mixed && numbers >= 2 && !is_digits_at_end(whole, numbers))
      return take(length, "<token>");
    return false;
  }
  static bool is_digits_at_end(std::string_view word, size_t digits) {
    return std::ranges::all_of(word.substr(word.size() - digits), is_digit);
  }

  /// "/a/b/name.ext", "C:\a\name.ext", "https://host/a/name". Folders keep their names.
  bool path() {
    size_t length = 0, last = 0, separators = 0;
    const bool has_drive = is_letter(peek(0)) && peek(1) == ':' && is_separator(peek(2));
    if (has_drive) {
      length = 2;
    } else if (!is_separator(peek(0)) || (at_ > 0 && is_of_name(text_[at_ - 1]))) {
      return false;
    }
    while (is_separator(peek(length)) || is_of_name(peek(length))) {
      if (is_separator(peek(length))) {
        last = length;
        ++separators;
      }
      ++length;
    }
    // "/" and "//" alone, "and/or", "/quit": no path has one part only.
    if (separators < 2 || last + 1 >= length) return false;
    // Folders, with their numbers replaced.
    const size_t end = at_ + length, name = at_ + last + 1;
    while (at_ < name) {
      if (is_digit(text_[at_])) {
        digits();
      } else {
        out_ += text_[at_++];
      }
    }
    const std::string_view file = text_.substr(name, end - name);
    out_ += '*';
    constexpr size_t kLongestExtension = 5;
    const size_t dot = file.rfind('.');
    if (dot != file.npos && dot > 0 && file.size() - dot - 1 <= kLongestExtension &&
        std::ranges::all_of(file.substr(dot + 1), is_letter)) {
      out_ += file.substr(dot);
    }
    at_ = end;
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string text_pattern(std::string_view text) { return PatternMaker(text).make(); }

}  // namespace inquest::cause
