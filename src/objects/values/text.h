/// Characters of a dead process as a quoted literal in UTF-8.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/integers.h"

namespace inquest::objects {

/// What bytes of 8-bit characters are.
enum class TextKind : uint8_t {
  ascii,
  utf8,
  cp949,  ///< Korean, valid as such and not as UTF-8
  bytes,  ///< none of these
};

bool is_utf8(std::string_view text);
/// A text cut in the middle of a character stays what it was: up to 3 bytes may lack at its end.
TextKind kind_of_text(std::string_view bytes, bool is_cut = false);

struct QuotedText {
  std::string literal;    ///< "\"text\"", "u\"text\"", with "..." behind when it is cut
  std::string note = {};  ///< "CP949"; empty as a rule
};

/// `unit` is the size of a character: 1, 2 (UTF-16) or 4 (UTF-32). `prefix` stands before the
/// quote. Control characters and what is no text are escaped as in C.
QuotedText quote(std::span<const std::byte> bytes, unsigned unit, std::string_view prefix,
                 bool is_cut);

/// One character: "'A'", "'\\n'"; empty when it is none.
std::string quote_character(uint32_t code);

}  // namespace inquest::objects
