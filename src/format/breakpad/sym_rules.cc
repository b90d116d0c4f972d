// STACK WIN and STACK CFI.
#include <algorithm>
#include <array>
#include <bit>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "format/breakpad/fields.h"
#include "format/breakpad/sym_file.h"

namespace inquest::breakpad {
namespace {

constexpr uint8_t kNoDigit = 0xff;
constexpr auto kDigits = [] {
  std::array<uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (uint8_t i = 0; i < 10; ++i) digits['0' + i] = i;
  for (uint8_t i = 0; i < 6; ++i) digits['a' + i] = digits['A' + i] = 10 + i;
  return digits;
}();

/// Up to ten hexadecimal numbers at the begin of `line`, which is left behind them. Whether all
/// were there, each behind a space or at the line's end. As Fields does it, but at once: a file of
/// x86 is full of these lines, and few of them are ever asked for.
bool read_win_numbers(std::string_view& line, std::array<uint64_t, 10>& numbers) {
  const char* at = line.data();
  const char* const end = at + line.size();
  for (uint64_t& number : numbers) {
    while (at != end && *at == ' ') ++at;
    const char* const begin = at;
    uint64_t value = 0;
    for (; at != end; ++at) {
      const uint8_t digit = kDigits[static_cast<uint8_t>(*at)];
      if (digit == kNoDigit) break;
      value = value << 4 | digit;
    }
    constexpr ptrdiff_t kMostDigits = 16;
    if (at == begin || at - begin > kMostDigits || (at != end && *at != ' ')) return false;
    number = value;
  }
  line.remove_prefix(static_cast<size_t>(at - line.data()));
  return true;
}

/// "type rva size prologue epilogue parameters saved locals max_stack has_program rest".
bool parse_win(std::string_view line, FrameRules& rules) {
  std::array<uint64_t, 10> n{};
  if (!read_win_numbers(line, n)) return false;
  uint64_t all = 0;
  for (size_t i = 1; i < 9; ++i) all |= n[i];
  if (all > UINT32_MAX) return false;
  auto value = [&](size_t i) { return static_cast<uint32_t>(n[i]); };
  const uint64_t type = n[0];
  WinFrame frame{.begin = value(1),
                 .size = value(2),
                 .prologue_size = value(3),
                 .epilogue_size = value(4),
                 .parameter_size = value(5),
                 .saved_register_size = value(6),
                 .local_size = value(7),
                 .max_stack_size = value(8)};
  Fields fields(line);
  if (n[9] != 0) {
    frame.program = fields.rest();
  } else {
    frame.allocates_base_pointer = fields.hex() != 0;
  }
  // Other types (trap, TSS, ...) say nothing of a caller.
  if (type != 0 && type != 4) return true;
  if (!fields.good()) return false;
  rules.win.push_back(frame);
  return true;
}

/// Room for as many records as the rest of the text may hold: what is not used costs nothing,
/// growing costs a copy.
template <typename Frames>
void make_room(Frames& frames, uint64_t left) {
  constexpr uint64_t kShortLine = 48, kMost = 1 << 16;
  if (frames.empty()) frames.reserve(std::min(left / kShortLine, kMost));
}

/// Behind "STACK CFI": "INIT address size rules" or "address rules", which belong to the INIT
/// before them.
bool parse_cfi(Fields fields, FrameRules& rules) {
  if (fields.accept("INIT")) {
    CfiFrame frame{.begin = fields.hex(), .size = fields.hex()};
    frame.rules = fields.rest();
    frame.first_delta = static_cast<uint32_t>(rules.deltas.size());
    if (!fields.good()) return false;
    rules.cfi.push_back(frame);
    return true;
  }
  CfiFrame::Delta delta{.rva = fields.hex()};
  delta.rules = fields.rest();
  if (!fields.good() || rules.cfi.empty()) return false;
  CfiFrame& frame = rules.cfi.back();
  if (frame.first_delta + frame.delta_count != rules.deltas.size()) return false;
  rules.deltas.push_back(delta);
  ++frame.delta_count;
  return true;
}

/// Where the first line at or after `from` that begins with 'S' begins, or the text's end. They are
/// few behind many others: this is to run at the speed of memory.
uint64_t next_stack_line(Bytes text, uint64_t from) {
  auto begins = [&](uint64_t at) {
    return text[at] == std::byte{'S'} && (at == 0 || text[at - 1] == std::byte{'\n'});
  };
  uint64_t at = from;
#ifdef __SSE2__
  if (at < text.size() && begins(at)) return at;
  const __m128i newline = _mm_set1_epi8('\n'), letter = _mm_set1_epi8('S');
  for (; text.size() - at > 16; at += 16) {
    const auto* here = reinterpret_cast<const __m128i*>(text.data() + at);
    const auto* next = reinterpret_cast<const __m128i*>(text.data() + at + 1);
    __m128i both = _mm_and_si128(_mm_cmpeq_epi8(_mm_loadu_si128(here), newline),
                                 _mm_cmpeq_epi8(_mm_loadu_si128(next), letter));
    if (auto found = static_cast<unsigned>(_mm_movemask_epi8(both))) {
      return at + static_cast<unsigned>(std::countr_zero(found)) + 1;
    }
  }
#endif
  while (at < text.size() && !begins(at)) ++at;
  return at;
}

}  // namespace

FrameRules read_frame_rules(Bytes text, uint64_t* skipped) {
  FrameRules rules;
  uint64_t bad = 0;
  for (uint64_t at = next_stack_line(text, 0); at < text.size(); at = next_stack_line(text, at)) {
    Lines lines(text, at);
    std::string_view line;
    lines.next(line);
    at += line.size();
    if (!line.starts_with("STACK ")) continue;
    std::string_view record = line.substr(6);
    if (record.starts_with("CFI ")) {
      make_room(rules.cfi, text.size() - at);
      bad += !parse_cfi(Fields(record.substr(4)), rules);
    } else if (record.starts_with("WIN ")) {
      make_room(rules.win, text.size() - at);
      bad += !parse_win(record.substr(4), rules);
    } else {
      ++bad;
    }
  }
  rules.sort();
  if (skipped) *skipped = bad;
  return rules;
}

}  // namespace inquest::breakpad
