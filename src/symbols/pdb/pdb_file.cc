#include "symbols/pdb/pdb_file.h"

#include <algorithm>
#include <unordered_set>

#include "format/pdb/named_streams.h"

namespace inquest::symbols::pdb {
namespace {

constexpr uint32_t kDbiStream = 3;
constexpr uint32_t kNamesSignature = 0xeffeeffe;
constexpr uint32_t kContributions60 = 0xeffe0000 + 19970605;
constexpr uint32_t kContributions2 = 0xeffe0000 + 20140516;
constexpr size_t kMostSections = 0xffff;  // their numbers have 16 bits
constexpr uint32_t kSectionExecutes = 0x20000000, kSectionIsCode = 0x20;

struct DbiHeader {
  sle32 signature;
  le32 version, age;
  le16 globals, build, publics, dll_version, records, dll_build;
  le32 modules, contributions, section_map, source_info, type_servers, mfc_index, debug_header,
      ec_names;
  le16 flags, machine;
  le32 padding;
};
static_assert(sizeof(DbiHeader) == 64);

struct Contribution {
  le16 section, padding1;
  le32 offset, size, flags;
  le16 module, padding2;
  le32 data_crc, relocation_crc;
};
static_assert(sizeof(Contribution) == 28);

struct ModuleHeader {
  le32 unused;
  Contribution contribution;
  le16 flags, stream;
  le32 symbol_bytes, c11_bytes, c13_bytes;
  le16 file_count, padding;
  le32 unused2, source_name, pdb_name;
};
static_assert(sizeof(ModuleHeader) == 64);

struct SectionHeader {
  u8 name[8];
  le32 virtual_size, rva, raw_size, raw_offset, relocations, lines;
  le16 relocation_count, line_count;
  le32 flags;
};
static_assert(sizeof(SectionHeader) == 40);

}  // namespace

Result<std::shared_ptr<const PdbFile>> PdbFile::open(std::shared_ptr<const MappedFile> file) {
  // Not inside `new`: returning early would leave its memory behind.
  std::shared_ptr<const Msf> msf = TRY(Msf::open(file->bytes(), file->path(), file));
  std::shared_ptr<PdbFile> pdb(new PdbFile(std::move(msf)));
  pdb->debug_streams_.fill(kNoStream16);
  if (auto names = inquest::pdb::named_stream(*pdb->msf_, "/names")) pdb->read_names(*names);
  pdb->read_dbi();
  return pdb;
}

void PdbFile::read_names(uint32_t stream) {
  names_ = std::make_unique<StreamBytes>(*msf_, stream);
  Cursor cursor(names_->bytes(), "/names");
  if (cursor.read<le32>() != kNamesSignature) return;
  cursor.read<le32>();  // version of the hash
  uint32_t size = cursor.read<le32>();
  strings_ = cursor.take(std::min<uint64_t>(size, cursor.remaining()));
}

std::string_view PdbFile::string(uint32_t offset) const {
  if (offset >= strings_.size()) return {};
  Cursor cursor(strings_.subspan(offset), "/names");
  return cursor.c_string();
}

void PdbFile::read_dbi() {
  StreamBytes stream(*msf_, kDbiStream);
  Cursor cursor(stream.bytes(), "DBI stream");
  auto header = cursor.read<DbiHeader>();
  if (cursor.failed() || header.signature != -1) return;
  machine_ = header.machine;
  publics_stream_ = header.publics;
  globals_stream_ = header.globals;
  records_stream_ = header.records;
  auto part = [&](uint32_t size) {
    return cursor.take(std::min<uint64_t>(size, cursor.remaining()));
  };
  Bytes modules = part(header.modules), contributions = part(header.contributions);
  part(header.section_map);
  part(header.source_info);
  part(header.type_servers);
  part(header.ec_names);
  Cursor debug(part(header.debug_header), "DBI debug header");
  for (uint16_t& index : debug_streams_) {
    if (debug.remaining() >= 2) index = debug.read<le16>();
  }
  read_sections();
  read_omap();
  read_modules(modules);
  read_contributions(contributions);
}

void PdbFile::read_sections() {
  // Where the linker's output was rearranged, records speak of the sections before that.
  uint16_t stream = debug_stream(DebugStream::original_sections);
  if (debug_stream(DebugStream::omap_from_source) == kNoStream16 || stream == kNoStream16) {
    stream = debug_stream(DebugStream::sections);
  }
  StreamBytes bytes(*msf_, stream);
  Cursor cursor(bytes.bytes(), "section headers");
  while (cursor.remaining() >= sizeof(SectionHeader) && sections_.size() < kMostSections) {
    auto s = cursor.read<SectionHeader>();
    sections_.push_back({s.rva, std::max<uint32_t>(s.virtual_size, s.raw_size),
                         (s.flags & (kSectionExecutes | kSectionIsCode)) != 0});
  }
  std::vector<Interval> claims;
  for (uint32_t i = 0; i < sections_.size(); ++i) {
    const SectionInfo& s = sections_[i];
    claims.push_back({s.rva, s.rva + std::min(s.size, UINT32_MAX - s.rva), i});
  }
  section_ranges_ = flatten(std::move(claims));
}

void PdbFile::read_omap() {
  if (debug_stream(DebugStream::omap_from_source) == kNoStream16) return;
  StreamBytes bytes(*msf_, debug_stream(DebugStream::omap_from_source));
  Cursor cursor(bytes.bytes(), "OMAP");
  while (cursor.remaining() >= 8) {
    uint32_t from = cursor.read<le32>(), to = cursor.read<le32>();
    omap_.push_back({from, to});
  }
  std::stable_sort(omap_.begin(), omap_.end(),
                   [](const Moved& a, const Moved& b) { return a.from < b.from; });
}

void PdbFile::read_modules(Bytes bytes) {
  Cursor cursor(bytes, "DBI modules");
  std::unordered_set<uint16_t> owned;
  while (cursor.remaining() >= sizeof(ModuleHeader)) {
    auto header = cursor.read<ModuleHeader>();
    ModuleInfo info{.name = std::string(cursor.c_string()),
                    .stream = header.stream,
                    .symbol_bytes = header.symbol_bytes,
                    .c11_bytes = header.c11_bytes,
                    .c13_bytes = header.c13_bytes};
    cursor.c_string();  // the archive
    if (cursor.failed()) return;
    // A hostile file gives one long stream to all modules.
    if (!owned.insert(info.stream).second) info.stream = kNoStream16;
    modules_.push_back(std::move(info));
    if (cursor.remaining() < 4) return;
    cursor.align(4);
  }
}

void PdbFile::read_contributions(Bytes bytes) {
  Cursor cursor(bytes, "DBI section contributions");
  if (cursor.remaining() < 4) return;
  const uint32_t version = cursor.read<le32>();
  if (version != kContributions60 && version != kContributions2) return;
  const uint64_t extra = version == kContributions2 ? 4 : 0;
  std::vector<Interval> claims;
  while (cursor.remaining() >= sizeof(Contribution) + extra) {
    auto c = cursor.read<Contribution>();
    cursor.skip(extra);
    if (!(c.flags & (kSectionExecutes | kSectionIsCode)) || c.module >= modules_.size()) continue;
    auto begin = rva(c.section, c.offset);
    if (!begin || c.size > UINT32_MAX - *begin) continue;
    claims.push_back({*begin, *begin + c.size, c.module});
  }
  contributions_ = flatten(std::move(claims));
}

std::optional<uint32_t> PdbFile::rva(uint16_t section, uint64_t offset) const {
  if (section == 0 || section > sections_.size()) return {};
  uint64_t at = sections_[section - 1].rva + offset;
  if (at > UINT32_MAX) return {};
  if (omap_.empty()) return static_cast<uint32_t>(at);
  auto after = std::upper_bound(omap_.begin(), omap_.end(), at,
                                [](uint64_t a, const Moved& m) { return a < m.from; });
  if (after == omap_.begin()) return {};
  const Moved& moved = *std::prev(after);
  if (moved.to == 0) return {};
  at = moved.to + (at - moved.from);
  if (at > UINT32_MAX) return {};
  return static_cast<uint32_t>(at);
}

uint32_t PdbFile::section_end(uint32_t rva) const {
  const Interval* range = find(section_ranges_, rva);
  return range ? range->end : rva;
}

}  // namespace inquest::symbols::pdb
