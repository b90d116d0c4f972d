/// Text in bytes: runs of characters that a person could read.
///
/// ASCII and UTF-8, and UTF-16 (little-endian, at even addresses). A run ends at the first byte
/// that is no printable character; shorter ones than kLeastCharacters are not told from chance.
/// Where UTF-16 is found, it is not looked into for ASCII. Pure; one pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/integers.h"

namespace inquest::objects {

inline constexpr size_t kLeastCharacters = 6;

struct TextRun {
  size_t begin = 0;  ///< offset in the bytes
  size_t bytes = 0;
  size_t characters = 0;
  std::string_view encoding = {};  ///< "ascii", "utf-8", "utf-16"
};

/// The first run at or after `from`; absent when there is none.
std::optional<TextRun> find_text(Bytes bytes, size_t from);

/// The characters of a run as UTF-8.
std::string text_of(Bytes bytes, const TextRun& run);

}  // namespace inquest::objects
