/// The note that `inquest run` and `inquest dump` add to their cores: what the kernel's notes lack.
///
/// Owner "INQUEST", type 1, a NUL-terminated JSON object:
/// {"threads":[{"id":7,"name":"worker"}],"executable":"/usr/bin/lobby","stopped_us":812,
/// "limits":{"address_space":8589934592,"mappings":65530},"time":1763836800}.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/integers.h"

namespace inquest::ingest {

inline constexpr std::string_view kOwnNoteOwner = "INQUEST";
inline constexpr uint32_t kOwnNoteType = 1;

struct OwnNote {
  std::unordered_map<uint32_t, std::string> thread_names = {};
  std::string executable = {};
  std::optional<uint64_t> stopped_microseconds = {};  ///< how long the process stood still
  std::optional<uint64_t> time = {};  ///< when it was written, in seconds since 1970 (UTC)
  /// "address_space", "data", "stack" in bytes (soft limits), "mappings" as a count.
  std::map<std::string, uint64_t> limits = {};
};

/// Damaged text reads as an empty note.
OwnNote read_own_note(Bytes description);

}  // namespace inquest::ingest
