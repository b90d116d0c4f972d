#include "base/cursor.h"

#include <algorithm>

namespace inquest {

uint64_t Cursor::uleb128() {
  uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    auto byte = static_cast<uint8_t>(read<u8>());
    if (failed()) return 0;
    if (shift < 64) value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (!(byte & 0x80)) return value;
  }
}

int64_t Cursor::sleb128() {
  uint64_t value = 0;
  for (unsigned shift = 0;;) {
    auto byte = static_cast<uint8_t>(read<u8>());
    if (failed()) return 0;
    if (shift < 64) value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    shift += 7;
    if (byte & 0x80) continue;
    if (shift < 64 && (byte & 0x40)) value |= ~uint64_t{0} << shift;
    return static_cast<int64_t>(value);
  }
}

std::string_view Cursor::c_string() {
  if (failed()) return {};
  Bytes rest = bytes_.subspan(position_);
  const void* nul = rest.empty() ? nullptr : std::memchr(rest.data(), 0, rest.size());
  if (!nul) {
    error("string without its end");
    return {};
  }
  size_t length = static_cast<const std::byte*>(nul) - rest.data();
  position_ += length + 1;
  return {reinterpret_cast<const char*>(rest.data()), length};
}

void Cursor::seek(uint64_t position) {
  if (failed()) return;
  if (position > bytes_.size()) {
    error(fmt::format("points to offset {:#x}, past the end at {:#x}", origin_ + position,
                      origin_ + bytes_.size()));
    return;
  }
  position_ = position;
}

void Cursor::align(uint64_t alignment) {
  uint64_t rest = position_ & (alignment - 1);
  if (rest) skip(alignment - rest);
}

uint32_t Cursor::count(uint64_t record_size) {
  uint32_t n = read<le32>();
  return fits(n, record_size) ? n : 0;
}

bool Cursor::fits(uint64_t n, uint64_t record_size) {
  if (failed()) return false;
  if (record_size == 0 || n <= remaining() / record_size) return true;
  error(fmt::format("claims {} records of {} bytes, but {} bytes remain", n, record_size,
                    remaining()));
  return false;
}

void Cursor::error(std::string what) {
  if (failed_) return;
  failed_ = true;
  failed_at_ = origin_ + position_;
  what_ = std::move(what);
}

Result<> Cursor::finish() const {
  if (!failed_) return {};
  return fail({.what = what_, .stream = std::string(stream_), .offset = failed_at_});
}

Bytes Cursor::stick_short(uint64_t wanted) {
  error(fmt::format("needs {} bytes, but {} remain", wanted, remaining()));
  return {};
}

}  // namespace inquest
