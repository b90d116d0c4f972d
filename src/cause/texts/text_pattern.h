/// What texts that differ only in their data have in common.
///
/// Numbers, identifiers, addresses and the last part of paths are replaced by marks, so that
/// "user 17 from 10.0.0.9 left" and "user 4 from 10.1.0.3 left" are one pattern:
/// "user # from <ip> left". Pure; linear in the text.
#pragma once

#include <string>
#include <string_view>

namespace inquest::cause {

/// `text` is UTF-8. Marks: `#` digits, `0x#` a number in hexadecimal, `<hex>` eight hexadecimal
/// digits and more, letters and digits among them, `<uuid>`, `<ip>`, `<mac>`, `<token>` (a word of
/// thirty-two letters of one case and more; sixteen
/// and more characters of capitals, small letters and digits mixed), `*` the last part of a path,
/// its extension kept. Long patterns end in "...".
std::string text_pattern(std::string_view text);

}  // namespace inquest::cause
