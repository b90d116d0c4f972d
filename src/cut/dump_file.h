/// A minidump being laid out: the directory in front, so that a file that lost its end is still
/// told. Internal to cut.
///
/// Offsets in a minidump have 32 bits: the caller keeps the whole under 4 GiB. Source:
/// minidumpapiset.h; Breakpad's minidump_format.h.
#pragma once

#include <string>
#include <string_view>

#include "cut/byte_writer.h"

namespace inquest::cut {

/// Where something lies in the file (MINIDUMP_LOCATION_DESCRIPTOR).
struct Location {
  uint32_t size = 0, offset = 0;
};

class DumpFile {
 public:
  DumpFile() { body_.zeros(kHeader + kMostStreams * kEntry); }

  /// Appends bytes at a multiple of 8.
  Location put(Bytes bytes);
  /// MINIDUMP_STRING of UTF-8 text: its offset.
  uint32_t put_string(std::string_view utf8);
  /// Crashpad's MinidumpUTF8String: its offset.
  uint32_t put_utf8(std::string_view text);
  /// Appends the bytes as a stream of the directory.
  void stream(uint32_t type, Bytes bytes);
  void stream(uint32_t type, std::string_view text) {
    stream(type, std::as_bytes(std::span(text)));
  }

  size_t size() const { return body_.size(); }
  /// The whole file. `time`: seconds since 1970.
  std::vector<std::byte> finish(uint32_t time);

 private:
  static constexpr size_t kHeader = 32, kEntry = 12, kMostStreams = 24;
  struct Entry {
    uint32_t type;
    Location location;
  };
  ByteWriter body_;
  std::vector<Entry> directory_;
};

/// UTF-16, without NUL; what is not UTF-8 becomes U+FFFD.
std::vector<std::byte> utf16_of_utf8(std::string_view text);

inline void put_location(ByteWriter& out, Location location) {
  out.u32(location.size).u32(location.offset);
}

}  // namespace inquest::cut
