/// Caps on what a query can make SQLite spend. What dumps can make us spend is capped by
/// base/limits.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace inquest::query {

struct QueryLimits {
  uint64_t memory_bytes = 1ull << 30;  ///< of SQLite's own; sorts beyond a part of it use files
  size_t cell_bytes = 64 << 20;        ///< one value
  size_t query_bytes = 1 << 20;        ///< the text of one query
};

inline constexpr QueryLimits kQueryLimits{};

}  // namespace inquest::query
