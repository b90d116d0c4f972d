#include "base/decompress.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>

#include "base/unpack_stream.h"

namespace inquest {
namespace {

using State = UnpackStream::State;

Error damage(Packing packing, State state) {
  switch (state) {
    case State::cut:
      return {.what = fmt::format("{} data ends early", name(packing))};
    case State::too_big:
      return {.what = fmt::format("{} data needs too much memory to unpack", name(packing))};
    default:
      return {.what = fmt::format("{} data is damaged", name(packing))};
  }
}

Error over(Packing packing, uint64_t limit) {
  return {.what = fmt::format("{} data unpacks to more than {} bytes", name(packing), limit)};
}

bool is_zero(std::span<const std::byte> page) {
  return page.empty() || (page[0] == std::byte{0} &&
                          std::memcmp(page.data(), page.data() + 1, page.size() - 1) == 0);
}

Result<> write_all(int descriptor, std::span<const std::byte> bytes, uint64_t at) {
  while (!bytes.empty()) {
    ssize_t done = ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) {
      return fail(fmt::format("cannot write the unpacked dump: {}", std::strerror(errno)),
                  "free some disk space, or set TMPDIR to a folder that has it");
    }
    bytes = bytes.subspan(done);
    at += done;
  }
  return {};
}

/// Writes what is not zero; holes read as zeros.
Result<> write_sparse(int descriptor, std::span<const std::byte> bytes, uint64_t at) {
  constexpr size_t kPage = 4096;
  size_t begin = 0;
  while (begin < bytes.size()) {
    size_t end = begin;
    while (end < bytes.size()) {
      auto page = bytes.subspan(end, std::min(kPage, bytes.size() - end));
      if (is_zero(page)) break;
      end += page.size();
    }
    TRY(write_all(descriptor, bytes.subspan(begin, end - begin), at + begin));
    begin = end + std::min(kPage, bytes.size() - end);
  }
  return {};
}

}  // namespace

Packing packing_of(Bytes bytes) {
  auto starts = [&](std::initializer_list<int> magic) {
    return bytes.size() >= magic.size() &&
           std::equal(magic.begin(), magic.end(), bytes.begin(),
                      [](int a, std::byte b) { return a == static_cast<int>(b); });
  };
  if (starts({0x28, 0xb5, 0x2f, 0xfd})) return Packing::zstd;
  if (starts({0x04, 0x22, 0x4d, 0x18})) return Packing::lz4;
  if (starts({0xfd, '7', 'z', 'X', 'Z', 0})) return Packing::xz;
  if (starts({0x1f, 0x8b, 8})) return Packing::gzip;
  // Skippable frames belong to both lz4 and zstd; only zstd's tools begin a file with one.
  if (bytes.size() >= 4 && (static_cast<int>(bytes[0]) & 0xf0) == 0x50 &&
      static_cast<int>(bytes[1]) == 0x2a && static_cast<int>(bytes[2]) == 0x4d &&
      static_cast<int>(bytes[3]) == 0x18) {
    return Packing::zstd;
  }
  // zlib has no magic: deflate, a window of 32 KiB, and a check over both bytes.
  if (bytes.size() >= 2 && static_cast<int>(bytes[0]) == 0x78 &&
      (static_cast<int>(bytes[0]) * 256 + static_cast<int>(bytes[1])) % 31 == 0) {
    return Packing::zlib;
  }
  return Packing::none;
}

std::string_view name(Packing packing) {
  switch (packing) {
    case Packing::none:
      return "none";
    case Packing::zlib:
      return "zlib";
    case Packing::zstd:
      return "zstd";
    case Packing::xz:
      return "xz";
    case Packing::lz4:
      return "lz4";
    case Packing::gzip:
      return "gzip";
  }
  return {};
}

Result<std::vector<std::byte>> unpack(Bytes packed, Packing packing, uint64_t limit, bool exact) {
  auto stream = UnpackStream::open(packed, packing);
  if (!stream) return fail("data is not packed in a known way");
  std::vector<std::byte> out;
  // Grows with what really comes out; what the input claims is believed only up to a ratio that
  // debug sections have. One byte over the limit is asked for, so that a stream of just `limit`
  // bytes can show its end.
  constexpr uint64_t kUsualRatio = 32;
  if (limit == UINT64_MAX) --limit;
  const uint64_t first = exact && limit / kUsualRatio <= packed.size() ? limit + 1 : 1 << 16;
  for (uint64_t done = 0;;) {
    uint64_t room = std::min(std::max(first, done * 2), limit + 1);
    out.resize(room);
    size_t produced = 0;
    State state = stream->step(std::span(out).subspan(done), produced);
    done += produced;
    if (done > limit) return fail(over(packing, limit));
    if (state == State::more) continue;
    if (state != State::done) return fail(damage(packing, state));
    out.resize(done);
    if (exact && done != limit) {
      return fail(
          fmt::format("{} data unpacks to {} bytes instead of {}", name(packing), done, limit));
    }
    return out;
  }
}

Result<UnpackedFile> unpack_to_file(Bytes packed, Packing packing, int descriptor, uint64_t limit) {
  auto stream = UnpackStream::open(packed, packing);
  if (!stream) return fail("data is not packed in a known way");
  constexpr size_t kBuffer = 1 << 20;
  std::vector<std::byte> buffer(kBuffer);
  UnpackedFile result;
  for (State state = State::more; state == State::more;) {
    size_t produced = 0;
    state = stream->step(buffer, produced);
    if (produced > limit - result.bytes) return fail(over(packing, limit));
    TRY(write_sparse(descriptor, std::span(buffer).first(produced), result.bytes));
    result.bytes += produced;
    if (state == State::more || state == State::done) continue;
    if (result.bytes == 0) return fail(damage(packing, state));
    result.cut = true;
  }
  if (::ftruncate(descriptor, static_cast<off_t>(result.bytes)) != 0) {
    return fail(fmt::format("cannot size the unpacked dump: {}", std::strerror(errno)));
  }
  return result;
}

}  // namespace inquest
