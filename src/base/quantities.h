/// Numbers for people: the same everywhere. Pure functions.
#pragma once

#include <cstdint>
#include <string>

namespace inquest {

/// In powers of 1024: "96 bytes", "1.5 KiB", "8 MiB", "121 MiB". A decimal below 10 only, and only
/// when it is not 0.
std::string size_text(uint64_t bytes);
/// "87,381".
std::string count_text(uint64_t n);

}  // namespace inquest
