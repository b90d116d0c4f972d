#include "format/minidump/reader.h"

#include <algorithm>

#include "base/limits.h"
#include "format/minidump/text.h"

namespace inquest::minidump {
namespace {

constexpr std::string_view kGetWhole = "get the whole dump";

List list_of(Reader& reader, Bytes entries, uint64_t count, uint64_t stride, uint64_t most) {
  uint64_t there = entries.size() / stride;
  if (count > there || count > most) {
    reader.damage(fmt::format("claims {} entries of {} bytes; {} are read", count, stride,
                              std::min({count, there, most})),
                  std::string(kGetWhole));
  }
  return {.entries = entries, .count = std::min({count, there, most}), .stride = stride};
}

}  // namespace

Bytes Reader::at(uint64_t offset, uint64_t size) const {
  if (offset >= file_.size()) return {};
  return file_.subspan(offset, std::min<uint64_t>(size, file_.size() - offset));
}

bool Reader::take_budget(uint64_t bytes) {
  if (bytes <= string_budget_) {
    string_budget_ -= bytes;
    return true;
  }
  if (!budget_told_) {
    budget_told_ = true;
    damage("has more text than a sound dump would; some names are left out");
  }
  return false;
}

/// A string's bytes behind their count; empty where there is none.
Bytes Reader::counted(uint64_t offset) {
  if (offset == 0) return {};
  Cursor cursor{at(offset, 4 + kLimits.string_bytes)};
  uint32_t length = cursor.read<le32>();
  if (cursor.failed() || length > cursor.remaining()) {
    ++bad_strings_;
    return {};
  }
  return cursor.take(length);
}

std::string Reader::utf16(uint64_t offset) { return utf16_field(counted(offset)); }

std::string Reader::utf16_field(Bytes field) {
  if (!take_budget(field.size())) return {};
  return utf8_of_utf16(field);
}

std::string Reader::utf8(uint64_t offset) { return text(counted(offset)); }

std::string Reader::text(Bytes bytes) {
  if (!take_budget(bytes.size())) return {};
  std::string_view all{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  return std::string(all.substr(0, all.find('\0')));
}

MemoryRange Reader::memory(const raw::Memory& raw) const {
  return {.address = raw.address, .size = raw.location.size, .bytes = at(raw.location)};
}

void Reader::damage(std::string what, std::string advice) {
  dump.complete = false;
  std::string prefix = stream_.empty() ? "" : fmt::format("stream {} ", stream_);
  dump.warnings.push_back({prefix + what, std::move(advice)});
}

void Reader::begin_stream(std::string_view name) {
  stream_ = name;
  skipped_ = bad_strings_ = 0;
}

void Reader::end_stream() {
  if (skipped_ > 0) {
    damage(fmt::format("has {} record{} that lie outside the file or make no sense", skipped_,
                       skipped_ == 1 ? "" : "s"),
           std::string(kGetWhole));
  }
  if (bad_strings_ > 0) {
    damage(fmt::format("has {} name{} that lie outside the file", bad_strings_,
                       bad_strings_ == 1 ? "" : "s"),
           std::string(kGetWhole));
  }
  stream_ = {};
}

List counted_list(Reader& reader, Bytes stream, uint64_t stride, uint64_t most) {
  Cursor cursor{stream};
  uint64_t count = cursor.read<le32>();
  if (cursor.failed()) {
    reader.damage("is too short for its count");
    return {.stride = stride};
  }
  if (cursor.remaining() == count * stride + 4) cursor.skip(4);
  return list_of(reader, stream.subspan(cursor.position()), count, stride, most);
}

List sized_list(Reader& reader, Bytes stream, unsigned count_size, uint64_t least_stride,
                uint64_t most) {
  Cursor cursor{stream};
  auto header = cursor.read<raw::SizedHeader>();
  uint64_t count = count_size == 8 ? cursor.read<le64>() : cursor.read<le32>();
  uint64_t entry = header.entry_size;
  // Newer systems add members behind those that we know.
  if (cursor.failed() || header.header_size < cursor.position() ||
      header.header_size > stream.size() || entry < least_stride) {
    reader.damage(fmt::format("has a header that makes no sense ({} bytes, entries of {})",
                              static_cast<uint32_t>(header.header_size), entry));
    return {.stride = least_stride};
  }
  return list_of(reader, stream.subspan(header.header_size), count, entry, most);
}

}  // namespace inquest::minidump
