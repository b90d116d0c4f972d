#include "format/pe/headers.h"

#include <algorithm>
#include <charconv>

#include "base/cursor.h"
#include "format/pe/layout.h"

namespace inquest::pe {
namespace {

template <class Optional>
void take_optional(Headers& headers, Cursor& cursor) {
  auto raw = cursor.read<Optional>();
  headers.is_64 = sizeof(Optional) == sizeof(layout::Optional64);
  headers.image_size = raw.image_size;
  headers.header_size = raw.header_size;
  headers.section_alignment = raw.section_alignment;
  headers.checksum = raw.checksum;
  headers.image_base = raw.image_base;
  headers.entry = Rva{raw.entry};
  auto count = std::min<uint32_t>(raw.directory_count, layout::kDirectories);
  for (uint32_t i = 0; i < count; ++i) {
    auto directory = cursor.read<layout::Directory>();
    headers.directories[i] = {directory.rva, directory.size};
  }
}

Section section_from(const layout::SectionHeader& raw) {
  std::string_view name(raw.name, sizeof(raw.name));
  return {.name = std::string(name.substr(0, name.find('\0'))),
          .rva = raw.rva,
          .virtual_size = raw.virtual_size,
          .file_offset = raw.file_offset,
          .file_size = raw.file_size,
          .flags = raw.flags};
}

void read_sections(Headers& headers, Cursor& cursor, uint32_t count) {
  uint64_t there = cursor.remaining() / sizeof(layout::SectionHeader);
  if (there < count) {
    headers.damage.push_back(
        {fmt::format("section table claims {} sections, of which {} can be read", count, there)});
  }
  auto usable = std::min<uint64_t>(count, there);
  headers.sections.reserve(usable);
  for (uint64_t i = 0; i < usable; ++i) {
    headers.sections.push_back(section_from(cursor.read<layout::SectionHeader>()));
  }
  std::stable_sort(headers.sections.begin(), headers.sections.end(),
                   [](const Section& a, const Section& b) { return a.rva < b.rva; });
}

Error damaged(const std::string& name, Error error) {
  error.file = name;
  if (error.advice.empty()) error.advice = "supply the image as it was built";
  return error;
}

}  // namespace

Result<Headers> read_headers(Bytes start, const std::string& name) {
  Cursor cursor(start, "PE headers");
  if (cursor.read<le16>() != layout::kDosMagic) {
    return fail(damaged(name, {.what = "is not a Windows image: it does not begin with MZ"}));
  }
  cursor.seek(layout::kNewHeaderOffset);
  uint32_t at = cursor.read<le32>();
  cursor.seek(at);
  uint32_t signature = cursor.read<le32>();
  if (cursor.failed() || signature != layout::kSignature) {
    return fail(damaged(name, {.what = "has no PE header", .stream = "PE headers", .offset = at}));
  }
  auto coff = cursor.read<layout::FileHeader>();
  uint64_t optional_at = cursor.position();
  Headers headers{.machine = static_cast<Machine>(uint16_t{coff.machine}),
                  .timestamp = coff.timestamp};
  if (coff.symbol_table != 0) {
    headers.string_table = uint64_t{coff.symbol_table} + layout::kSymbolSize * coff.symbol_count;
  }
  uint16_t magic = cursor.read<le16>();
  cursor.seek(optional_at);
  if (magic == layout::kMagic64) {
    take_optional<layout::Optional64>(headers, cursor);
  } else if (magic == layout::kMagic32) {
    take_optional<layout::Optional32>(headers, cursor);
  } else {
    cursor.error(fmt::format("optional header of unknown kind {:#x}", magic));
  }
  if (auto ok = cursor.finish(); !ok) return fail(damaged(name, ok.error()));
  Cursor table(start, "section table");
  table.seek(optional_at + coff.optional_size);
  read_sections(headers, table, table.failed() ? 0 : uint16_t{coff.section_count});
  if (table.failed()) headers.damage.push_back({"the section table lies outside the file"});
  return headers;
}

void resolve_long_names(std::vector<Section>& sections, Bytes strings) {
  for (Section& section : sections) {
    if (section.name.size() < 2 || section.name[0] != '/') continue;
    uint32_t offset = 0;
    const char* end = section.name.data() + section.name.size();
    auto [stop, error] = std::from_chars(section.name.data() + 1, end, offset);
    if (error != std::errc{} || stop != end) continue;
    if (offset >= strings.size()) continue;
    constexpr size_t kLongestName = 256;
    Cursor cursor(
        strings.subspan(offset).first(std::min<size_t>(kLongestName, strings.size() - offset)));
    auto name = cursor.c_string();
    if (!cursor.failed() && !name.empty()) section.name = name;
  }
}

}  // namespace inquest::pe
