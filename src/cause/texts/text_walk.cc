#include "cause/texts/text_walk.h"

#include <algorithm>

#include "objects/values/text.h"
#include "objects/values/text_runs.h"

namespace inquest::cause {
namespace {

constexpr size_t kLongestWalkedText = 512;
/// Shorter ones are believed only where a text would end.
constexpr size_t kSureCharacters = 12;
constexpr size_t kLeastKorean = 3;

unsigned byte_at(Bytes bytes, size_t at) { return static_cast<unsigned>(bytes[at]); }

/// A syllable of KS X 1001, as CP949 has it: what Korean texts consist of.
bool is_syllable(Bytes bytes, size_t at) {
  if (at + 2 > bytes.size()) return false;
  const unsigned lead = byte_at(bytes, at), trail = byte_at(bytes, at + 1);
  return lead >= 0xB0 && lead <= 0xC8 && trail >= 0xA1 && trail <= 0xFE;
}

bool is_plain_character(Bytes bytes, size_t at) {
  const unsigned c = byte_at(bytes, at);
  return (c >= 0x20 && c < 0x7F) || c == '\t' || c == '\n' || c == '\r';
}

std::string without_quotes(std::string literal) {
  if (literal.size() >= 2 && literal.front() == '"') {
    const size_t end = literal.rfind('"');
    literal = literal.substr(1, end - 1);
  }
  return literal;
}

}  // namespace

void TextWalk::begin(Address at, Bytes bytes) {
  at_ = at;
  bytes_ = bytes;
  from_ = korean_from_ = 0;
}

/// The six low bytes of an address may all be printable; what leads into the process is a pointer.
bool TextWalk::is_pointer(size_t begin, size_t bytes) const {
  const uint64_t lead = (at_ + begin).value % sizeof(uint64_t);
  if (lead + bytes > sizeof(uint64_t) || begin < lead) return false;
  const size_t word_at = begin - lead;
  if (word_at + sizeof(uint64_t) > bytes_.size()) return false;
  uint64_t word;
  std::memcpy(&word, bytes_.data() + word_at, sizeof word);
  return process_.region_at({word}) != nullptr;
}

/// The first Korean text that begins before `end`.
std::optional<FoundText> TextWalk::next_korean(size_t end) {
  end = std::min(end, bytes_.size());
  for (size_t at = std::max(from_, korean_from_); at + 2 * kLeastKorean <= end;) {
    if (!is_syllable(bytes_, at)) {
      ++at;
      continue;
    }
    size_t begin = at, stop = at, syllables = 0;
    while (begin > from_ && is_plain_character(bytes_, begin - 1)) --begin;
    while (stop < bytes_.size()) {
      if (is_syllable(bytes_, stop)) {
        stop += 2;
        ++syllables;
      } else if (is_plain_character(bytes_, stop)) {
        ++stop;
      } else {
        break;
      }
    }
    at = korean_from_ = stop;
    if (syllables < kLeastKorean || !is_ended(stop)) continue;
    const size_t size = std::min(stop - begin, kLongestWalkedText);
    const Bytes shown = bytes_.subspan(begin, size);
    const std::string_view text(reinterpret_cast<const char*>(shown.data()), shown.size());
    const bool is_cut = size < stop - begin;
    if (objects::kind_of_text(text, is_cut) != objects::TextKind::cp949) continue;
    return FoundText{.offset = begin,
                     .bytes = stop - begin,
                     .encoding = "cp949",
                     .text = without_quotes(objects::quote(shown, 1, "", is_cut).literal)};
  }
  korean_from_ = std::max(korean_from_, end);
  return {};
}

std::optional<FoundText> TextWalk::next() {
  while (auto run = objects::find_text(bytes_, from_)) {
    const size_t end = run->begin + run->bytes;
    if (auto korean = next_korean(end)) {
      from_ = korean->offset + korean->bytes;
      return korean;
    }
    from_ = end;
    const size_t unit = run->encoding == "utf-16" ? 2 : 1;
    const bool is_sure = run->characters >= kSureCharacters;
    if ((!is_sure && !is_ended(end)) || is_pointer(run->begin, run->bytes)) continue;
    objects::TextRun shown = *run;
    shown.bytes = std::min(shown.bytes, kLongestWalkedText * unit);
    return FoundText{.offset = run->begin,
                     .bytes = run->bytes,
                     .encoding = run->encoding,
                     .text = objects::text_of(bytes_, shown)};
  }
  auto korean = next_korean(bytes_.size());
  from_ = korean ? korean->offset + korean->bytes : bytes_.size();
  return korean;
}

}  // namespace inquest::cause
