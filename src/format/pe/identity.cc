#include "format/pe/identity.h"

#include <algorithm>
#include <optional>

#include "base/cursor.h"

namespace inquest::pe {
namespace {

constexpr uint16_t kPe32 = 0x10b, kPe32Plus = 0x20b;
constexpr uint32_t kDebugDirectory = 6, kCodeView = 2;
constexpr uint32_t kDebugEntries = 64;  // images have two to five

struct CoffHeader {
  le16 machine, section_count;
  le32 timestamp, symbols, symbol_count;
  le16 optional_size, flags;
};
struct SectionHeader {
  unsigned char name[8];
  le32 virtual_size, rva, file_size, file_offset;
  unsigned char rest[16];
};
struct DebugEntry {
  le32 flags, timestamp, version, type, size, rva, file_offset;
};
static_assert(sizeof(CoffHeader) == 20 && sizeof(SectionHeader) == 40 && sizeof(DebugEntry) == 28);

std::optional<uint64_t> file_offset(Bytes sections, uint32_t rva) {
  Cursor c{sections};
  while (c.remaining() >= sizeof(SectionHeader)) {
    auto section = c.read<SectionHeader>();
    uint32_t begin = section.rva;
    if (rva >= begin && rva - begin < section.file_size) {
      return uint64_t{section.file_offset} + (rva - begin);
    }
  }
  return {};
}

/// "RSDS" GUID age path, or the older "NB10" offset time-stamp age path.
void read_codeview(Bytes record, Identity& identity) {
  Cursor c{record, "CodeView record"};
  uint32_t magic = c.read<le32>();
  if (magic == 0x53445352) {  // "RSDS"
    std::string id = fmt::format("{:08X}", uint32_t{c.read<le32>()});
    for (int i = 0; i < 2; ++i) id += fmt::format("{:04X}", uint16_t{c.read<le16>()});
    for (int i = 0; i < 8; ++i) id += fmt::format("{:02X}", uint8_t{c.read<u8>()});
    id += fmt::format("{:X}", uint32_t{c.read<le32>()});
    if (!c.failed()) identity.debug_id = id;
  } else if (magic == 0x3031424e) {  // "NB10"
    c.skip(4);
    std::string id = fmt::format("{:08X}", uint32_t{c.read<le32>()});
    id += fmt::format("{:X}", uint32_t{c.read<le32>()});
    if (!c.failed()) identity.debug_id = id;
  } else {
    return;
  }
  Bytes path = c.take(c.failed() ? 0 : c.remaining());
  auto end = std::ranges::find(path, std::byte{0});
  identity.pdb.assign(reinterpret_cast<const char*>(path.data()),
                      static_cast<size_t>(end - path.begin()));
}

void read_debug_directory(Bytes file, Bytes sections, uint32_t rva, uint32_t size,
                          Identity& identity) {
  auto at = file_offset(sections, rva);
  if (!at || *at > file.size()) return;
  Cursor c{file.subspan(*at, std::min<uint64_t>(size, file.size() - *at)), "debug directory"};
  for (uint32_t i = 0; i < kDebugEntries && c.remaining() >= sizeof(DebugEntry); ++i) {
    auto entry = c.read<DebugEntry>();
    if (entry.type != kCodeView || entry.file_offset > file.size()) continue;
    uint64_t there = file.size() - entry.file_offset;
    read_codeview(file.subspan(entry.file_offset, std::min<uint64_t>(entry.size, there)), identity);
    if (!identity.debug_id.empty()) return;
  }
}

}  // namespace

std::string Identity::store_id() const { return fmt::format("{:08X}{:x}", timestamp, image_size); }

bool is_image(Bytes file) {
  return file.size() >= 64 && file[0] == std::byte{'M'} && file[1] == std::byte{'Z'};
}

Result<Identity> read_identity(Bytes file, std::string name) {
  auto named = [&](Error error) {
    error.file = name;
    return fail(std::move(error));
  };
  if (!is_image(file)) return named({.what = "not an image of Windows", .stream = "PE header"});
  Cursor c{file, "PE header"};
  c.seek(0x3c);
  c.seek(c.read<le32>());
  if (c.read<le32>() != 0x4550) c.error("no PE signature");  // "PE\0\0"
  auto coff = c.read<CoffHeader>();
  uint64_t optional_at = c.position();
  uint16_t magic = c.read<le16>();
  if (!c.failed() && magic != kPe32 && magic != kPe32Plus) c.error("no optional header");
  Identity identity{.machine = coff.machine, .timestamp = coff.timestamp};
  c.seek(optional_at + 56);
  identity.image_size = c.read<le32>();
  c.skip(4);
  identity.checksum = c.read<le32>();
  c.seek(optional_at + (magic == kPe32 ? 92 : 108));
  uint32_t directories = c.read<le32>();
  if (auto done = c.finish(); !done) return named(std::move(done).error());
  if (directories <= kDebugDirectory) return identity;

  c.skip(kDebugDirectory * 8);
  uint32_t rva = c.read<le32>(), size = c.read<le32>();
  c.seek(optional_at + coff.optional_size);
  Bytes sections = c.take(std::min<uint64_t>(coff.section_count * sizeof(SectionHeader),
                                             c.failed() ? 0 : c.remaining()));
  if (!c.failed()) read_debug_directory(file, sections, rva, size, identity);
  return identity;
}

}  // namespace inquest::pe
