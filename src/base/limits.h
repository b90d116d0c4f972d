/// Caps on what a hostile or broken input can make us spend.
#pragma once

#include <cstddef>
#include <cstdint>

namespace inquest {

struct Limits {
  uint64_t decompressed_bytes = 64ull << 30;         ///< a compressed dump, unpacked to disk
  uint64_t decompressed_section_bytes = 8ull << 30;  ///< one compressed section, in memory
  uint64_t decompression_ratio = 1100;               ///< zlib cannot do better than 1032
  size_t threads = 1 << 20;
  size_t modules = 1 << 16;
  size_t regions = 1 << 22;
  size_t frames = 1 << 20;        ///< of one thread
  size_t string_bytes = 1 << 16;  ///< a path, a message read from the dead process
  size_t expression_steps = 1 << 12;
  size_t type_depth = 64;
};

inline constexpr Limits kLimits{};

}  // namespace inquest
