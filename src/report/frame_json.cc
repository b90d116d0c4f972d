/// A frame as a line of JSON.
#include <algorithm>

#include "report/json.h"

namespace inquest::report {
namespace {

void append_text(std::string& out, std::string_view text) {
  // What needs escapes, or is perhaps no UTF-8, is rare: that is left to who knows how.
  bool plain = std::ranges::all_of(
      text, [](char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; });
  if (!plain) {
    out += line_of(Json(text));
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

void append_hex(std::string& out, uint64_t value) {
  char digits[16];
  char* at = std::end(digits);
  do {
    *--at = "0123456789abcdef"[value & 15];
    value >>= 4;
  } while (value);
  out += "\"0x";
  out.append(at, std::end(digits));
  out += '"';
}

/// A confidence with three digits at most: 1.0, 0.85, 0.0. NaN and infinity have no JSON form.
void append_unit(std::string& out, double value) {
  int thousandths = !(value > 0) ? 0 : value > 1 ? 1000 : static_cast<int>(value * 1000 + 0.5);
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

void append_member(std::string& out, std::string_view key, const std::string& text) {
  if (text.empty()) return;
  out += key;
  append_text(out, text);
}

void append_variables(std::string& out, const std::vector<answer::Variable>& variables) {
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

void append_frame(std::string& out, const answer::Frame& frame) {
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
  if (frame.line) out += ",\"line\":" + std::to_string(frame.line);
  if (frame.column) out += ",\"column\":" + std::to_string(frame.column);
  append_member(out, ",\"source_url\":", frame.source_url);
  append_member(out, ",\"source_command\":", frame.source_command);
  out += frame.inlined ? ",\"inlined\":true" : ",\"inlined\":false";
  if (frame.signal_frame) out += ",\"signal_frame\":true";
  if (frame.variables) append_variables(out, *frame.variables);
  out += '}';
}

}  // namespace inquest::report
