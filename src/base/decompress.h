/// Unpacks what Debian's libraries pack: zlib, zstd, xz (lzma), lz4 frames.
///
/// Output is bounded by the caller's limit: a bomb ends in an Error, not in memory. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/integers.h"

namespace inquest {

enum class Packing : uint8_t { none, zlib, zstd, xz, lz4, gzip };

/// By the magic bytes at the start.
Packing packing_of(Bytes bytes);
/// ".zst" and the like for messages: "zstd", "xz", "lz4", "zlib", "gzip", "none".
std::string_view name(Packing packing);

/// Unpacks to memory. Fails on damage and on output over `limit` bytes. For Packing::zlib the
/// result's exact size must be `limit` when `exact`.
Result<std::vector<std::byte>> unpack(Bytes packed, Packing packing, uint64_t limit,
                                      bool exact = false);

struct UnpackedFile {
  uint64_t bytes = 0;  ///< written
  bool cut = false;    ///< the packed stream ended early; what came before was written
};
/// Unpacks a whole stream to an open, empty file descriptor, sparse where it is zero.
Result<UnpackedFile> unpack_to_file(Bytes packed, Packing packing, int descriptor, uint64_t limit);

}  // namespace inquest
