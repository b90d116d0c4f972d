#include "format/elf/file.h"

#include <algorithm>
#include <elf.h>

#include "base/cursor.h"
#include "base/limits.h"
#include "format/elf/layout.h"

namespace inquest::elf {
namespace {

template <class Layout>
Segment segment_from(const typename Layout::Segment& raw) {
  return {.type = raw.type,
          .flags = raw.flags,
          .offset = raw.offset,
          .vaddr = raw.vaddr,
          .file_size = raw.file_size,
          .memory_size = raw.memory_size,
          .align = raw.align};
}

template <class Layout>
Section section_from(const typename Layout::Section& raw) {
  return {.name = {},
          .type = raw.type,
          .flags = raw.flags,
          .address = raw.address,
          .offset = raw.offset,
          .size = raw.size,
          .link = raw.link,
          .info = raw.info,
          .entry_size = raw.entry_size};
}

/// The number of whole records that a table can have, given where it starts.
uint64_t records_that_fit(Bytes bytes, uint64_t offset, uint64_t stride) {
  return offset < bytes.size() ? (bytes.size() - offset) / stride : 0;
}

/// A core of more than 65,534 mappings keeps their count in section 0, which the kernel writes at
/// the very end: it is lost when the core is cut. But the notes follow the program headers.
template <class Layout>
std::optional<uint64_t> count_up_to_first_note(Bytes bytes, uint64_t table, uint64_t stride) {
  Bytes first = clip(bytes, table, sizeof(typename Layout::Segment));
  auto raw = Cursor{first}.read<typename Layout::Segment>();
  if (raw.type != PT_NOTE || raw.offset <= table) return {};
  return (raw.offset - table) / stride;
}

/// The tables of one word size, before they are put into a File.
struct Tables {
  uint16_t type = 0, machine = 0;
  uint64_t entry = 0;
  std::vector<Segment> segments;
  std::vector<Section> sections;
  std::vector<Warning> damage;
};

template <class Layout>
struct TableReader {
  using RawSegment = typename Layout::Segment;
  using RawSection = typename Layout::Section;

  Bytes bytes;
  typename Layout::Header header{};
  Tables tables{};

  std::optional<RawSection> first_section() const {
    if (header.section_table == 0) return {};
    Cursor at{clip(bytes, header.section_table, sizeof(RawSection))};
    auto raw = at.read<RawSection>();
    if (at.failed()) return {};
    return raw;
  }

  void read_segments() {
    uint64_t count = header.segment_count;
    if (header.segment_table == 0 || count == 0) return;
    uint64_t stride = header.segment_size;
    if (stride < sizeof(RawSegment)) {
      tables.damage.push_back({fmt::format("program headers of {} bytes are too small", stride)});
      return;
    }
    if (count == PN_XNUM) {
      if (auto zero = first_section(); zero && zero->info != 0) {
        count = zero->info;
      } else if (auto told = count_up_to_first_note<Layout>(bytes, header.segment_table, stride)) {
        count = *told;
      }
    }
    uint64_t there = records_that_fit(bytes, header.segment_table, stride);
    uint64_t usable = std::min<uint64_t>({count, there, kLimits.regions});
    if (usable < count) {
      tables.damage.push_back({fmt::format(
          "program header table claims {} entries, of which {} can be read", count, usable)});
    }
    tables.segments.reserve(usable);
    Cursor table{clip(bytes, header.segment_table, usable * stride), "program headers"};
    for (uint64_t i = 0; i < usable; ++i) {
      tables.segments.push_back(segment_from<Layout>(table.read<RawSegment>()));
      if (stride > sizeof(RawSegment)) table.skip(stride - sizeof(RawSegment));
    }
  }

  void read_sections() {
    if (header.section_table == 0) return;
    uint64_t stride = header.section_size;
    uint64_t count = header.section_count;
    auto zero = first_section();
    if (!zero || stride < sizeof(RawSection)) {
      if (count != 0) tables.damage.push_back({"section header table lies outside the file"});
      return;
    }
    if (count == 0) count = zero->size;
    uint64_t names = header.names_section;
    if (names == SHN_XINDEX) names = zero->link;
    if (count > records_that_fit(bytes, header.section_table, stride) || count > kLimits.regions) {
      tables.damage.push_back(
          {fmt::format("section header table claims {} entries and ends outside the file", count)});
      return;
    }
    tables.sections.reserve(count);
    std::vector<uint32_t> name_offsets;
    name_offsets.reserve(count);
    Cursor table{clip(bytes, header.section_table, count * stride), "section headers"};
    for (uint64_t i = 0; i < count; ++i) {
      auto raw = table.read<RawSection>();
      if (stride > sizeof(RawSection)) table.skip(stride - sizeof(RawSection));
      tables.sections.push_back(section_from<Layout>(raw));
      name_offsets.push_back(raw.name);
    }
    if (names >= count || tables.sections[names].type == SHT_NOBITS) return;
    Bytes text = clip(bytes, tables.sections[names].offset, tables.sections[names].size);
    for (uint64_t i = 0; i < count; ++i) tables.sections[i].name = name_in(text, name_offsets[i]);
  }

  static std::string_view name_in(Bytes text, uint64_t offset) {
    constexpr uint64_t kLongest = 256;  // section names are short; bounds the search for the NUL
    return Cursor{clip(text, offset, kLongest)}.c_string();
  }
};

template <class Layout>
Result<Tables> read_tables(Bytes bytes) {
  Cursor cursor{bytes, "ELF header"};
  TableReader<Layout> reader{.bytes = bytes, .header = cursor.read<typename Layout::Header>()};
  TRY(cursor.finish());
  reader.tables.type = reader.header.type;
  reader.tables.machine = reader.header.machine;
  reader.tables.entry = reader.header.entry;
  reader.read_segments();
  reader.read_sections();
  return std::move(reader.tables);
}

}  // namespace

Result<std::shared_ptr<const File>> File::open(const std::string& path) {
  return open(TRY(MappedFile::open(path)));
}

Result<std::shared_ptr<const File>> File::open(std::shared_ptr<const MappedFile> file) {
  Bytes bytes = file->bytes();
  std::string path = file->path();
  return parse(bytes, std::move(file), std::move(path));
}

Result<std::shared_ptr<const File>> File::parse(Bytes bytes, std::shared_ptr<const void> owner,
                                                std::string name) {
  std::shared_ptr<File> file(new File);
  file->path_ = std::move(name);
  file->bytes_ = bytes;
  file->owner_ = std::move(owner);
  if (auto parsed = file->parse_headers(); !parsed) {
    Error error = std::move(parsed).error();
    error.file = file->path_;
    return fail(std::move(error));
  }
  return std::shared_ptr<const File>(std::move(file));
}

Result<> File::parse_headers() {
  Cursor cursor{bytes_, "ELF header"};
  auto ident = cursor.read<Ident>();
  if (cursor.failed() || std::memcmp(ident.magic, ELFMAG, SELFMAG) != 0) {
    return fail({.what = "is not an ELF file", .stream = "ELF header", .offset = 0});
  }
  if (ident.order != ELFDATA2LSB) {
    return fail({.what = "is not little-endian, which no processor that Inquest knows is",
                 .stream = "ELF header",
                 .offset = EI_DATA});
  }
  if (ident.word != ELFCLASS32 && ident.word != ELFCLASS64) {
    return fail({.what = fmt::format("has the unknown ELF class {}", static_cast<int>(ident.word)),
                 .stream = "ELF header",
                 .offset = EI_CLASS});
  }
  class_ = ident.word == ELFCLASS64 ? Class::elf64 : Class::elf32;
  Tables tables = TRY(is_64() ? read_tables<Layout64>(bytes_) : read_tables<Layout32>(bytes_));
  type_ = tables.type;
  machine_ = tables.machine;
  entry_ = tables.entry;
  segments_ = std::move(tables.segments);
  sections_ = std::move(tables.sections);
  damage_ = std::move(tables.damage);
  return {};
}

Bytes File::segment_data(const Segment& segment) const {
  return clip(bytes_, segment.offset, segment.file_size);
}

uint64_t File::load_base() const {
  constexpr uint64_t kPage = 4096;
  uint64_t lowest = UINT64_MAX;
  for (const Segment& s : segments_) {
    if (s.type == PT_LOAD) lowest = std::min(lowest, s.vaddr);
  }
  return lowest == UINT64_MAX ? 0 : lowest & ~(kPage - 1);
}

Bytes File::at_vaddr(uint64_t vaddr) const {
  for (const Segment& s : segments_) {
    if (s.type != PT_LOAD || vaddr < s.vaddr || vaddr - s.vaddr >= s.file_size) continue;
    uint64_t skip = vaddr - s.vaddr;
    if (skip > UINT64_MAX - s.offset) return {};
    return clip(bytes_, s.offset + skip, s.file_size - skip);
  }
  return {};
}

}  // namespace inquest::elf
