/// Lines and fields of Breakpad's text. Header of this folder only.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/integers.h"

namespace inquest::breakpad {

/// Line after line, without their ends.
class Lines {
 public:
  explicit Lines(Bytes text, uint64_t from = 0)
      : begin_(reinterpret_cast<const char*>(text.data())),
        at_(begin_ + (from < text.size() ? from : text.size())),
        end_(begin_ + text.size()) {}

  bool next(std::string_view& line) {
    if (at_ == end_) return false;
    line_ = at_;
    auto left = static_cast<size_t>(end_ - at_);
    const void* found = std::memchr(at_, '\n', left);
    const char* stop = found ? static_cast<const char*>(found) : end_;
    at_ = found ? stop + 1 : end_;
    if (stop != line_ && stop[-1] == '\r') --stop;
    line = {line_, static_cast<size_t>(stop - line_)};
    return true;
  }
  /// Of the line last given.
  uint64_t offset() const { return static_cast<uint64_t>(line_ - begin_); }

 private:
  const char* begin_;
  const char* at_;
  const char* end_;
  const char* line_ = nullptr;
};

/// Fields of one line, separated by spaces; the first that is not what it should be sticks.
class Fields {
 public:
  explicit Fields(std::string_view line) : rest_(line) {}

  uint64_t hex() { return number<16>(); }
  uint64_t decimal() { return number<10>(); }
  uint32_t hex32() { return narrow(hex()); }
  uint32_t decimal32() { return narrow(decimal()); }
  std::string_view word() {
    skip_spaces();
    size_t n = rest_.find(' ');
    if (n == rest_.npos) n = rest_.size();
    if (n == 0) failed_ = true;
    std::string_view word = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return word;
  }
  /// Consumes `word` when it comes next.
  bool accept(std::string_view word) {
    skip_spaces();
    if (!rest_.starts_with(word)) return false;
    if (rest_.size() > word.size() && rest_[word.size()] != ' ') return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  std::string_view rest() {
    skip_spaces();
    return rest_;
  }
  bool at_end() {
    skip_spaces();
    return rest_.empty();
  }
  bool good() const { return !failed_; }

 private:
  void skip_spaces() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }
  uint32_t narrow(uint64_t value) {
    if (value > UINT32_MAX) failed_ = true;
    return static_cast<uint32_t>(value);
  }
  template <unsigned kBase>
  uint64_t number() {
    skip_spaces();
    uint64_t value = 0;
    size_t n = 0;
    for (; n < rest_.size(); ++n) {
      const char c = rest_[n];
      unsigned digit = 0;
      if (c >= '0' && c <= '9') {
        digit = static_cast<unsigned>(c - '0');
      } else if (kBase == 16 && c >= 'a' && c <= 'f') {
        digit = static_cast<unsigned>(c - 'a') + 10;
      } else if (kBase == 16 && c >= 'A' && c <= 'F') {
        digit = static_cast<unsigned>(c - 'A') + 10;
      } else {
        break;
      }
      value = value * kBase + digit;
    }
    const size_t most = kBase == 16 ? 16 : 19;
    if (n == 0 || n > most || (n < rest_.size() && rest_[n] != ' ')) failed_ = true;
    rest_.remove_prefix(n);
    return value;
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace inquest::breakpad
