/// Any bytes -> UTF-8. Pure functions.
///
/// Source: Unicode 15, table 3-7 "Well-Formed UTF-8 Byte Sequences".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace inquest {

/// One character of UTF-8 at the start of `text`, which is not empty.
struct Utf8 {
  uint32_t code = 0;
  unsigned bytes = 0;  ///< 0: what stands there is not UTF-8
};
Utf8 decode_utf8(std::string_view text);
void append_utf8(std::string& out, uint32_t code);

/// Whether SQLite can take it as it is: well-formed, and without NUL, where its functions end.
bool is_plain_utf8(std::string_view text);
/// What is not becomes U+FFFD, a byte at a time.
std::string make_utf8(std::string_view bytes);

}  // namespace inquest
