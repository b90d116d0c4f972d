#include "locate/packed_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <strings.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cursor.h"
#include "base/decompress.h"
#include "locate/cabinet.h"
#include "locate/store_layout.h"

namespace inquest::locate {
namespace {

struct ZipHeader {
  le32 magic;
  le16 version, flags, method, time, date;
  le32 crc, packed_size, size;
  le16 name_size, extra_size;
};
static_assert(sizeof(ZipHeader) == 30);
constexpr uint32_t kZipMagic = 0x04034b50;  // "PK\3\4"
constexpr uint16_t kStored = 0, kDeflated = 8, kSizeFollows = 8, kEncrypted = 1;

bool is_zip(Bytes bytes) {
  return bytes.size() >= sizeof(ZipHeader) && Cursor(bytes).read<le32>() == kZipMagic;
}

/// zlib's magic is two bytes that a plain file may begin with as well: not taken for packing.
Packing stream_packing(Bytes bytes) {
  Packing packing = packing_of(bytes);
  return packing == Packing::zlib ? Packing::none : packing;
}

Result<> write_all(int descriptor, Bytes bytes) {
  while (!bytes.empty()) {
    ssize_t n = write(descriptor, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail("what was unpacked cannot be written", "make room on the disk");
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return {};
}

/// Raw deflate, which ends by itself. Returns how many bytes it wrote, and their CRC.
struct Inflated {
  uint64_t bytes = 0;
  uint32_t crc = 0;
};
Result<Inflated> inflate_to(Bytes packed, int descriptor, uint64_t limit) {
  z_stream z{};
  if (inflateInit2(&z, -MAX_WBITS) != Z_OK) return fail("zlib cannot be used");
  struct End {
    z_stream* z;
    ~End() { inflateEnd(z); }
  } end{&z};
  Inflated done;
  std::array<std::byte, 1 << 16> buffer;
  for (int state = Z_OK; state != Z_STREAM_END;) {
    if (z.avail_in == 0 && !packed.empty()) {
      size_t n = std::min<size_t>(packed.size(), 1u << 30);
      z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
      z.avail_in = static_cast<uInt>(n);
      packed = packed.subspan(n);
    }
    z.next_out = reinterpret_cast<Bytef*>(buffer.data());
    z.avail_out = buffer.size();
    state = inflate(&z, Z_NO_FLUSH);
    if (state != Z_OK && state != Z_STREAM_END) return fail("the archive is damaged or cut");
    Bytes fresh = Bytes(buffer).first(buffer.size() - z.avail_out);
    done.bytes += fresh.size();
    if (done.bytes > limit) return fail(fmt::format("unpacks to more than {} bytes", limit));
    done.crc = static_cast<uint32_t>(
        crc32_z(done.crc, reinterpret_cast<const Bytef*>(fresh.data()), fresh.size()));
    TRY(write_all(descriptor, fresh));
  }
  return done;
}

/// The first member, which is all that stores put in.
Result<> unpack_zip(Bytes packed, int descriptor, uint64_t limit) {
  Cursor c{packed, "ZIP"};
  auto header = c.read<ZipHeader>();
  c.skip(uint64_t{header.name_size} + header.extra_size);
  TRY(c.finish());
  if (header.flags & kEncrypted) return fail("is encrypted", "store it without a password");
  if (header.method == kStored) {
    Bytes bytes = c.take(header.packed_size);
    TRY(c.finish());
    if (bytes.size() > limit) return fail(fmt::format("unpacks to more than {} bytes", limit));
    return write_all(descriptor, bytes);
  }
  if (header.method != kDeflated) {
    return fail(fmt::format("is packed by method {}", uint16_t{header.method}),
                "pack it with deflate");
  }
  auto done = TRY(inflate_to(c.take(c.remaining()), descriptor, limit));
  if (!(header.flags & kSizeFollows) && done.crc != header.crc) {
    return fail("the archive is damaged: its checksum differs");
  }
  return {};
}

}  // namespace

std::string_view packing_name(Bytes bytes) {
  if (is_cabinet(bytes)) return "CAB";
  if (is_zip(bytes)) return "ZIP";
  Packing packing = stream_packing(bytes);
  return packing == Packing::none ? std::string_view() : inquest::name(packing);
}

Result<> unpack_file(Bytes packed, std::string_view wanted, int descriptor, uint64_t limit,
                     const std::string& name) {
  if (is_cabinet(packed)) return unpack_cabinet(packed, wanted, descriptor, limit, name);
  auto named = [&](Error error) {
    error.file = name;
    return fail(std::move(error));
  };
  if (is_zip(packed)) {
    auto done = unpack_zip(packed, descriptor, limit);
    if (!done) return named(std::move(done).error());
    return {};
  }
  Packing packing = stream_packing(packed);
  if (packing == Packing::none) return named({.what = "is not packed as CAB, ZIP or gzip"});
  auto done = unpack_to_file(packed, packing, descriptor, limit);
  if (!done) return named(std::move(done).error());
  if (done->cut) return named({.what = "the packed file is cut", .advice = "copy it again"});
  return {};
}

Pointer read_pointer(Bytes text) {
  constexpr size_t kLongest = 4096;
  std::string line(reinterpret_cast<const char*>(text.data()), std::min(text.size(), kLongest));
  line.resize(std::min(line.find_first_of(std::string_view("\r\n\0", 3)), line.size()));
  size_t begin = line.find_first_not_of(" \t\xef\xbb\xbf");
  line.erase(0, begin);
  line.resize(line.find_last_not_of(" \t") + 1);
  auto starts = [&](std::string_view word) {
    return line.size() >= word.size() && strncasecmp(line.data(), word.data(), word.size()) == 0;
  };
  if (starts("MSG:")) return {.message = line.substr(4)};
  if (starts("PATH:")) line.erase(0, 5);
  return {.path = line};
}

}  // namespace inquest::locate
