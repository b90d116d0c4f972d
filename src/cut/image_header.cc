#include "cut/image_header.h"

#include <algorithm>
#include <elf.h>

namespace inquest::cut {
namespace {

constexpr uint64_t kMostHeaders = 64, kMostNotes = 4096;

/// What both widths have.
struct Table {
  uint64_t offset = 0, entry = 0, count = 0;
};

template <class Header>
Table table_of(const snapshot::Memory& memory, Address at) {
  auto header = memory.read<Header>(at);
  if (!header) return {};
  return {header->e_phoff, header->e_phentsize, std::min<uint64_t>(header->e_phnum, kMostHeaders)};
}

/// The notes of an image lie in its first pages, where the file's offsets are those of the image.
template <class Segment>
void add_notes(const snapshot::Memory& memory, AddressRange image, const Table& table,
               std::vector<AddressRange>& out) {
  for (uint64_t i = 0; i < table.count; ++i) {
    auto segment = memory.read<Segment>(image.begin + table.offset + i * table.entry);
    if (!segment) return;
    uint64_t size = std::min<uint64_t>(segment->p_filesz, kMostNotes);
    if (segment->p_type != PT_NOTE || segment->p_offset >= image.size()) continue;
    Address begin = image.begin + segment->p_offset;
    out.push_back({begin, std::min(begin + size, image.end)});
  }
}

}  // namespace

std::vector<AddressRange> image_header(const snapshot::Memory& memory, AddressRange image) {
  Bytes ident = memory.view(image.begin, EI_NIDENT);
  if (ident.size() < EI_NIDENT || std::memcmp(ident.data(), ELFMAG, SELFMAG) != 0) return {};
  const bool is_64 = static_cast<uint8_t>(ident[EI_CLASS]) == ELFCLASS64;
  Table table =
      is_64 ? table_of<Elf64_Ehdr>(memory, image.begin) : table_of<Elf32_Ehdr>(memory, image.begin);
  uint64_t end = table.offset + table.entry * table.count;
  constexpr uint64_t kMost = 8192;
  if (table.offset > kMost || end > kMost) return {};
  std::vector<AddressRange> ranges{{image.begin, image.begin + std::max<uint64_t>(end, 64)}};
  if (is_64) {
    add_notes<Elf64_Phdr>(memory, image, table, ranges);
  } else {
    add_notes<Elf32_Phdr>(memory, image, table, ranges);
  }
  return ranges;
}

}  // namespace inquest::cut
