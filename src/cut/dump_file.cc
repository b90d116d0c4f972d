#include "cut/dump_file.h"

#include <algorithm>
#include <cassert>

namespace inquest::cut {
namespace {

constexpr uint32_t kSignature = 0x504d444d;  // "MDMP"
constexpr uint32_t kVersion = 0xa793;
constexpr uint32_t kReplacement = 0xfffd;

/// Takes the next character off `text`; what is not UTF-8 costs one byte.
uint32_t next_character(std::string_view& text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  uint8_t first = byte(0);
  size_t length = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : 4;
  uint32_t value = length == 1 ? first : first & (0x7f >> length);
  bool is_good = length == 1 || (first >= 0xc2 && first <= 0xf4 && text.size() >= length);
  for (size_t i = 1; is_good && i < length; ++i) {
    is_good = byte(i) >> 6 == 2;
    value = value << 6 | (byte(i) & 0x3f);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  is_good = is_good && value >= kLeast[length] && value < 0x110000 && value >> 11 != 0x1b;
  text.remove_prefix(is_good ? length : 1);
  return is_good ? value : kReplacement;
}

}  // namespace

std::vector<std::byte> utf16_of_utf8(std::string_view text) {
  ByteWriter out;
  while (!text.empty()) {
    uint32_t c = next_character(text);
    if (c < 0x10000) {
      out.u16(static_cast<uint16_t>(c));
    } else {
      c -= 0x10000;
      out.u16(static_cast<uint16_t>(0xd800 | c >> 10));
      out.u16(static_cast<uint16_t>(0xdc00 | (c & 0x3ff)));
    }
  }
  return out.take();
}

Location DumpFile::put(Bytes bytes) {
  body_.align(8);
  Location at{static_cast<uint32_t>(bytes.size()), static_cast<uint32_t>(body_.size())};
  body_.bytes(bytes);
  return at;
}

uint32_t DumpFile::put_string(std::string_view utf8) {
  std::vector<std::byte> text = utf16_of_utf8(utf8);
  ByteWriter out;
  out.u32(text.size()).bytes(text).u16(0);
  return put(out.view()).offset;
}

uint32_t DumpFile::put_utf8(std::string_view text) {
  ByteWriter out;
  out.u32(text.size()).text(text).u8(0);
  return put(out.view()).offset;
}

void DumpFile::stream(uint32_t type, Bytes bytes) {
  assert(directory_.size() < kMostStreams);
  directory_.push_back({type, put(bytes)});
}

std::vector<std::byte> DumpFile::finish(uint32_t time) {
  ByteWriter head;
  head.u32(kSignature).u32(kVersion).u32(directory_.size()).u32(kHeader);
  head.u32(0).u32(time).u64(0);
  for (const Entry& entry : directory_) {
    head.u32(entry.type);
    put_location(head, entry.location);
  }
  body_.put_bytes(0, head.view());
  return body_.take();
}

}  // namespace inquest::cut
