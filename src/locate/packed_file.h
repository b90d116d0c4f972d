/// Files as symbol stores pack them: CAB ("crash.pd_"), ZIP, gzip and its kin; and `file.ptr`.
///
/// Source: Microsoft "Cabinet Format" (read by libmspack), PKWARE APPNOTE (one plain or deflated
/// member), Microsoft "SymStore" (file.ptr). Output is bounded by the caller's limit. Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/integers.h"

namespace inquest::locate {

/// "CAB", "ZIP", "gzip", "zstd", "xz", "lz4"; empty for what is not packed.
std::string_view packing_name(Bytes bytes);

/// Writes the packed file named `wanted` (case does not matter), or the only one there is, to an
/// empty descriptor. Fails on damage, on what is larger than `limit`, on several none of which is
/// wanted. `name` is for errors.
Result<> unpack_file(Bytes packed, std::string_view wanted, int descriptor, uint64_t limit,
                     const std::string& name);

/// What a file.ptr says: where the file is, or a message that it is nowhere.
struct Pointer {
  std::string path = {};     ///< of any system, or a URL; empty when there is a message
  std::string message = {};  ///< of MSG:
};
Pointer read_pointer(Bytes text);

}  // namespace inquest::locate
