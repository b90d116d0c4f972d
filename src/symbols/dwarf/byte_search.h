/// Finding where a section mentions something, without an index: by its bytes.
///
/// A name is mentioned by the offset of its string, an address by itself; scanning for them runs at
/// memory speed, where reading every DIE takes seconds. Hits are hints: the reader checks them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/integers.h"

namespace inquest::symbols {

/// Offsets of `needle` in `haystack`, ascending, at most `most`.
std::vector<uint64_t> search(Bytes haystack, Bytes needle, size_t most);

/// Offsets of the NUL-terminated string, also where it is the tail of a longer one.
std::vector<uint64_t> search_string(Bytes strings, std::string_view text, size_t most);

/// Offsets of a little-endian number of `size` bytes, at any alignment.
std::vector<uint64_t> search_number(Bytes haystack, uint64_t number, unsigned size, size_t most);

}  // namespace inquest::symbols
