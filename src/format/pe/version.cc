// The version resource. Source: Microsoft "PE Format", "The .rsrc Section"; VS_VERSIONINFO.
#include <algorithm>

#include "base/cursor.h"
#include "format/pe/directories.h"

namespace inquest::pe {
namespace {

constexpr uint64_t kLongestVersion = 1 << 16;
constexpr uint32_t kSubtable = 0x80000000;

/// The resources of an image, read table by table: they may be tens of MB, mostly pictures.
class Resources {
 public:
  Resources(Headers::Directory directory, const Source& source)
      : directory_(directory), source_(source) {}

  Bytes at(uint64_t offset, uint64_t size) const {
    if (offset >= directory_.size) return {};
    return source_.run(directory_.rva + offset, std::min(size, directory_.size - offset));
  }
  template <class T>
  std::optional<T> get(uint64_t offset) const {
    return peek<T>(at(offset, sizeof(T)));
  }

 private:
  Headers::Directory directory_;
  const Source& source_;
};

/// The offset in the entry of a resource table: the one with `id`, or the first.
std::optional<uint32_t> entry_of(const Resources& resources, uint32_t offset,
                                 std::optional<uint32_t> id) {
  auto table = resources.get<layout::ResourceTable>(offset);
  if (!table) return {};
  uint32_t count = uint32_t{table->named_count} + table->id_count;
  if (!id) count = std::min(count, 1u);
  Bytes entries = resources.at(uint64_t{offset} + sizeof(*table),
                               uint64_t{count} * sizeof(layout::ResourceEntry));
  for (uint32_t i = 0; i < count; ++i) {
    auto entry = peek<layout::ResourceEntry>(entries, i * sizeof(layout::ResourceEntry));
    if (!entry) return {};
    if (!id || entry->id == *id) return uint32_t{entry->offset};
  }
  return {};
}

/// Tables of types, of names, of languages, then the data: the first of each but the type.
std::optional<layout::ResourceData> version_data(const Resources& resources) {
  uint32_t offset = 0;
  std::optional<uint32_t> id = layout::kVersionResource;
  for (int level = 0; level < 3; ++level, id.reset()) {
    auto next = entry_of(resources, offset, id);
    if (!next) return {};
    offset = *next & ~kSubtable;
    if (!(*next & kSubtable)) break;
  }
  return resources.get<layout::ResourceData>(offset);
}

}  // namespace

std::string read_version(const Headers& headers, const Source& source) {
  auto data = version_data(Resources(headers.directories[layout::kResource], source));
  if (!data) return {};
  Bytes bytes = source.run(data->rva, std::min<uint64_t>(data->size, kLongestVersion));
  Cursor cursor(bytes, "version resource");
  cursor.skip(6);  // length, value length, type
  while (!cursor.failed() && cursor.read<le16>() != 0) {
  }  // the key, "VS_VERSION_INFO"
  cursor.align(4);
  uint32_t signature = cursor.read<le32>();
  cursor.skip(4);  // of the structure itself
  uint32_t high = cursor.read<le32>(), low = cursor.read<le32>();
  if (cursor.failed() || signature != layout::kFixedVersion) return {};
  return fmt::format("{}.{}.{}.{}", high >> 16, high & 0xffff, low >> 16, low & 0xffff);
}

}  // namespace inquest::pe
