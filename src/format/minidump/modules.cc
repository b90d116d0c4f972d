// Modules and what identifies them; those that were unloaded before.
#include "base/limits.h"
#include "format/minidump/reader.h"

namespace inquest::minidump {
namespace {

constexpr uint32_t kPdb70 = 0x53445352;    // "RSDS": GUID, age, file name
constexpr uint32_t kPdb20 = 0x3031424e;    // "NB10": offset, time stamp, age, file name
constexpr uint32_t kBuildId = 0x4270454c;  // "LEpB": Breakpad's, the ELF build id
constexpr uint32_t kFixedVersion = 0xfeef04bd;
constexpr size_t kLongestBuildId = 64;

CodeView codeview_of(Reader& reader, const raw::Location& location) {
  CodeView record;
  Bytes bytes = reader.at(location);
  if (location.size == 0) return record;
  if (bytes.size() < location.size || bytes.size() < 4) {
    reader.skip_record();
    return record;
  }
  Cursor cursor{bytes};
  uint32_t signature = cursor.read<le32>();
  if (signature == kPdb70) {
    for (uint8_t& byte : record.guid) byte = cursor.read<u8>();
    record.age = cursor.read<le32>();
    record.kind = CodeView::Kind::pdb70;
  } else if (signature == kPdb20) {
    cursor.skip(4);
    record.timestamp = cursor.read<le32>();
    record.age = cursor.read<le32>();
    record.kind = CodeView::Kind::pdb20;
  } else if (signature == kBuildId) {
    Bytes id = bytes.subspan(4);
    record.build_id = id.first(std::min(id.size(), kLongestBuildId));
    record.kind = CodeView::Kind::build_id;
    return record;
  } else {
    record.kind = CodeView::Kind::unknown;
    return record;
  }
  if (cursor.failed()) {
    reader.skip_record();
    return {};
  }
  Bytes name = bytes.subspan(cursor.position());
  record.file = reader.text(name.first(std::min<size_t>(name.size(), kLimits.string_bytes)));
  return record;
}

}  // namespace

void read_modules(Reader& reader, Bytes stream) {
  List list = counted_list(reader, stream, sizeof(raw::Module), kLimits.modules);
  reader.dump.modules.reserve(list.count);
  for (uint64_t i = 0; i < list.count; ++i) {
    auto raw = list.get<raw::Module>(i);
    Module module{.base = raw.base,
                  .size = raw.size,
                  .checksum = raw.checksum,
                  .timestamp = raw.timestamp,
                  .path = reader.utf16(raw.name)};
    if (raw.version.signature == kFixedVersion) {
      uint32_t high = raw.version.version_high, low = raw.version.version_low;
      module.version = {static_cast<uint16_t>(high >> 16), static_cast<uint16_t>(high),
                        static_cast<uint16_t>(low >> 16), static_cast<uint16_t>(low)};
    }
    module.codeview = codeview_of(reader, raw.codeview);
    reader.dump.modules.push_back(std::move(module));
  }
}

void read_unloaded_modules(Reader& reader, Bytes stream) {
  List list = sized_list(reader, stream, 4, sizeof(raw::UnloadedModule), kLimits.modules);
  reader.dump.unloaded.reserve(list.count);
  for (uint64_t i = 0; i < list.count; ++i) {
    auto raw = list.get<raw::UnloadedModule>(i);
    reader.dump.unloaded.push_back({.base = raw.base,
                                    .size = raw.size,
                                    .checksum = raw.checksum,
                                    .timestamp = raw.timestamp,
                                    .path = reader.utf16(raw.name)});
  }
}

}  // namespace inquest::minidump
