/// A frame as a line of JSON.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "report/json.h"

namespace inquest::report {
namespace {

/// Gathers a frame's many small texts, so that the string of megabytes behind it is not asked for
/// room for each.
class Line {
 public:
  explicit Line(std::string& out) : out_(out) {}
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() { flush(); }

  Line& operator+=(std::string_view text) {
    if (text.size() > buffer_.size() - used_) {
      flush();
      if (text.size() > buffer_.size()) {
        out_ += text;
        return *this;
      }
    }
    std::memcpy(buffer_.data() + used_, text.data(), text.size());
    used_ += text.size();
    return *this;
  }
  Line& operator+=(char c) { return *this += std::string_view(&c, 1); }

 private:
  void flush() {
    out_.append(buffer_.data(), used_);
    used_ = 0;
  }

  std::string& out_;
  std::array<char, 1024> buffer_;
  size_t used_ = 0;
};

/// Whether a text is printable ASCII that needs no escapes. Eight bytes at a time: a dump of many
/// threads is megabytes of names.
bool is_plain(std::string_view text) {
  constexpr uint64_t kOnes = 0x0101010101010101, kHighs = kOnes << 7;
  auto with = [](uint64_t word, unsigned char c) {  // the high bit of each byte that is c
    word ^= kOnes * c;
    return (word - kOnes) & ~word;
  };
  uint64_t special = 0;
  for (; !text.empty(); text.remove_prefix(std::min<size_t>(text.size(), 8))) {
    uint64_t word = kOnes * ' ';
    std::memcpy(&word, text.data(), std::min<size_t>(text.size(), 8));
    special |= word | (word - kOnes * ' ') | with(word, '"') | with(word, '\\') | with(word, 0x7f);
  }
  return (special & kHighs) == 0;
}

void append_text(Line& out, std::string_view text) {
  // The rest is rare, and perhaps no UTF-8: that is left to who knows how.
  if (!is_plain(text)) {
    out += line_of(Json(text));
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

void append_hex(Line& out, uint64_t value) {
  char digits[16];
  char* at = std::end(digits);
  do {
    *--at = "0123456789abcdef"[value & 15];
    value >>= 4;
  } while (value);
  out += "\"0x";
  out += std::string_view(at, static_cast<size_t>(std::end(digits) - at));
  out += '"';
}

void append_number(Line& out, uint32_t value) {
  char digits[10];
  auto end = std::to_chars(digits, std::end(digits), value).ptr;
  out += std::string_view(digits, static_cast<size_t>(end - digits));
}

/// A confidence with three digits at most: 1.0, 0.85, 0.0. NaN and infinity have no JSON form.
void append_unit(Line& out, double value) {
  int thousandths = !(value > 0) ? 0
                    : value > 1  ? 1000
                                 : static_cast<int>(std::lround(value * 1000));
  if (thousandths == 0 || thousandths == 1000) {
    out += thousandths ? "1.0" : "0.0";
    return;
  }
  out += "0.";
  for (int place = 100; thousandths; place /= 10) {
    out += static_cast<char>('0' + thousandths / place);
    thousandths %= place;
  }
}

void append_member(Line& out, std::string_view key, const std::string& text) {
  if (text.empty()) return;
  out += key;
  append_text(out, text);
}

void append_variables(Line& out, const std::vector<answer::Variable>& variables) {
  out += ",\"variables\":[";
  for (const answer::Variable& one : variables) {
    if (&one != variables.data()) out += ',';
    out += "{\"name\":";
    append_text(out, one.name);
    append_member(out, ",\"type\":", one.type);
    out += one.parameter ? ",\"parameter\":true" : ",\"parameter\":false";
    if (one.unavailable.empty()) {
      out += ",\"value\":";
      append_text(out, one.value);
    }
    append_member(out, ",\"unavailable\":", one.unavailable);
    append_member(out, ",\"note\":", one.note);
    if (one.at) {
      out += ",\"address\":";
      append_hex(out, one.at->value);
    }
    out += '}';
  }
  out += ']';
}

}  // namespace

void append_frame(std::string& to, const answer::Frame& frame) {
  Line out(to);
  out += "{\"pc\":";
  append_hex(out, frame.pc.value);
  out += ",\"trust\":";
  append_text(out, frame.trust);
  out += ",\"confidence\":";
  append_unit(out, frame.confidence);
  append_member(out, ",\"module\":", frame.module);
  if (frame.offset) {
    out += ",\"offset\":";
    append_hex(out, frame.offset->value);
  }
  append_member(out, ",\"function\":", frame.function);
  append_member(out, ",\"file\":", frame.file);
  if (frame.line) {
    out += ",\"line\":";
    append_number(out, frame.line);
  }
  if (frame.column) {
    out += ",\"column\":";
    append_number(out, frame.column);
  }
  append_member(out, ",\"source_url\":", frame.source_url);
  append_member(out, ",\"source_command\":", frame.source_command);
  out += frame.inlined ? ",\"inlined\":true" : ",\"inlined\":false";
  if (frame.signal_frame) out += ",\"signal_frame\":true";
  if (frame.variables) append_variables(out, *frame.variables);
  out += '}';
}

}  // namespace inquest::report
