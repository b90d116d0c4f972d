// Breakpad's copy of the Linux loader's list (MDRawDebug, MDRawLinkMap), of 32 and 64 bits.
#include <algorithm>

#include "base/limits.h"
#include "format/minidump/context.h"
#include "format/minidump/reader.h"

namespace inquest::minidump {
namespace {

/// MDRawLinkMap64 is declared packed in some versions and not in others: 20 or 24 bytes.
struct Shape {
  bool is_64 = true;
  uint64_t stride = 24;
  uint64_t dynamic = 16;  ///< offset of l_ld; the name's is that of a word
};

Shape shape_of(Reader& reader, bool is_64, uint64_t offset, uint32_t count) {
  if (!is_64) return {.is_64 = false, .stride = 12, .dynamic = 8};
  // The first name follows the last record.
  Cursor cursor{reader.at(offset, 12)};
  cursor.skip(8);
  uint32_t first_name = cursor.read<le32>();
  if (first_name == offset + uint64_t{count} * 20) return {.stride = 20, .dynamic = 12};
  return {};
}

LinkedImage image_at(Reader& reader, Bytes record, const Shape& shape) {
  Cursor cursor{record};
  auto word = [&]() -> uint64_t { return shape.is_64 ? cursor.read<le64>() : cursor.read<le32>(); };
  LinkedImage image;
  image.bias = word();
  image.name = reader.utf16(cursor.read<le32>());
  cursor.seek(shape.dynamic);
  image.dynamic = word();
  return image;
}

}  // namespace

void read_linked_images(Reader& reader, Bytes stream) {
  Cursor cursor{stream};
  cursor.skip(4);  // r_version
  uint32_t maps = cursor.read<le32>();
  uint32_t count = cursor.read<le32>();
  if (cursor.failed()) return reader.damage("is cut");
  // The processor says how wide addresses are; without it, 64 bits are the rule.
  auto cpu = reader.dump.system ? cpu_of(reader.dump.system->processor) : std::nullopt;
  Shape shape = shape_of(reader, cpu != Cpu::x86 && cpu != Cpu::arm, maps, count);
  Bytes bytes = reader.at(maps, count * shape.stride);
  uint64_t there = std::min<uint64_t>(bytes.size() / shape.stride, kLimits.modules);
  if (there < count) {
    reader.damage(fmt::format("claims {} libraries, of which {} are there", count, there));
    count = static_cast<uint32_t>(there);
  }
  for (uint32_t i = 0; i < count; ++i) {
    Bytes record = bytes.subspan(i * shape.stride, shape.stride);
    reader.dump.linux_files.linked.push_back(image_at(reader, record, shape));
  }
}

}  // namespace inquest::minidump
