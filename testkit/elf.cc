#include "testkit/elf.h"

namespace inquest::testkit {
namespace {

constexpr size_t kHeaders = 0x400;  // room for the ELF header and a dozen program headers

}  // namespace

unsigned elf_word(ElfArch arch) { return arch == ElfArch::x64 || arch == ElfArch::arm64 ? 8 : 4; }

uint16_t elf_machine(ElfArch arch) {
  switch (arch) {
    case ElfArch::x64:
      return 62;
    case ElfArch::arm64:
      return 183;
    case ElfArch::x86:
      return 3;
    case ElfArch::arm:
      return 40;
  }
  return 0;
}

void put_elf_word(ByteBuilder& out, ElfArch arch, uint64_t value) {
  if (elf_word(arch) == 8) {
    out.u64(value);
  } else {
    out.u32(static_cast<uint32_t>(value));
  }
}

void put_elf_header(ByteBuilder& out, const ElfHeaderSpec& spec) {
  bool is_64 = elf_word(spec.arch) == 8;
  out.text("\177ELF").u8(is_64 ? 2 : 1).u8(1).u8(1).zeros(9);
  out.u16(spec.type).u16(elf_machine(spec.arch)).u32(1);
  put_elf_word(out, spec.arch, spec.entry);
  put_elf_word(out, spec.arch, spec.segments_at);
  put_elf_word(out, spec.arch, spec.sections_at);
  out.u32(0).u16(is_64 ? 64 : 52);
  out.u16(is_64 ? 56 : 32).u16(spec.segment_count);
  out.u16(is_64 ? 64 : 40).u16(spec.section_count).u16(spec.names_section);
}

void put_elf_segment(ByteBuilder& out, ElfArch arch, const ElfSegmentSpec& spec) {
  out.u32(spec.type);
  if (elf_word(arch) == 8) out.u32(spec.flags);
  put_elf_word(out, arch, spec.offset);
  put_elf_word(out, arch, spec.vaddr);
  put_elf_word(out, arch, 0);
  put_elf_word(out, arch, spec.file_size);
  put_elf_word(out, arch, spec.memory_size);
  if (elf_word(arch) == 4) out.u32(spec.flags);
  put_elf_word(out, arch, spec.align);
}

void put_elf_note(ByteBuilder& out, std::string_view owner, uint32_t type,
                  std::span<const std::byte> description) {
  out.u32(static_cast<uint32_t>(owner.size() + 1));
  out.u32(static_cast<uint32_t>(description.size())).u32(type);
  out.c_string(owner).align(4).bytes(description).align(4);
}

ElfBuilder::ElfBuilder(ElfArch arch, uint16_t type, uint64_t base)
    : arch_(arch), type_(type), base_(base) {
  body_.zeros(kHeaders);
}

ElfBuilder::Placed ElfBuilder::add_section(SectionSpec spec) {
  body_.align(8);
  uint64_t offset = body_.size();
  body_.bytes(spec.data);
  sections_.push_back({std::move(spec), offset});
  return {static_cast<uint32_t>(sections_.size()), offset, base_ + offset};
}

ElfBuilder::Placed ElfBuilder::add_symbols(const std::vector<SymbolSpec>& symbols, bool dynamic) {
  ByteBuilder table, strings;
  bool is_64 = elf_word(arch_) == 8;
  table.zeros(is_64 ? 24 : 16);
  strings.u8(0);
  for (const SymbolSpec& symbol : symbols) {
    table.u32(static_cast<uint32_t>(strings.size()));
    strings.c_string(symbol.name);
    if (is_64) {
      table.u8(symbol.info).u8(0).u16(symbol.section).u64(symbol.value).u64(symbol.size);
    } else {
      table.u32(static_cast<uint32_t>(symbol.value)).u32(static_cast<uint32_t>(symbol.size));
      table.u8(symbol.info).u8(0).u16(symbol.section);
    }
  }
  uint64_t flags = dynamic ? 2 : 0;
  Placed placed_strings = add_section(
      {.name = dynamic ? ".dynstr" : ".strtab", .type = 3, .flags = flags, .data = strings.take()});
  return add_section({.name = dynamic ? ".dynsym" : ".symtab",
                      .type = dynamic ? 11u : 2u,
                      .flags = flags,
                      .data = table.take(),
                      .link = placed_strings.index,
                      .info = 1,
                      .entry_size = is_64 ? 24u : 16u});
}

ElfBuilder::Placed ElfBuilder::add_note(const std::string& section, std::string_view owner,
                                        uint32_t type, std::span<const std::byte> description) {
  ByteBuilder note;
  put_elf_note(note, owner, type, description);
  uint64_t size = note.size();
  Placed placed = add_section({.name = section, .type = 7, .data = note.take()});
  add_segment({.type = 4,
               .offset = placed.offset,
               .vaddr = placed.address,
               .file_size = size,
               .memory_size = size,
               .align = 4});
  return placed;
}

ElfBuilder::Placed ElfBuilder::add_build_id(std::span<const std::byte> id) {
  return add_note(".note.gnu.build-id", "GNU", 3, id);
}

ElfBuilder::Placed ElfBuilder::add_dynamic(
    const std::vector<std::pair<uint64_t, uint64_t>>& entries) {
  ByteBuilder table;
  for (auto [tag, value] : entries) {
    put_elf_word(table, arch_, tag);
    put_elf_word(table, arch_, value);
  }
  table.zeros(2 * elf_word(arch_));
  uint64_t size = table.size();
  Placed placed = add_section({.name = ".dynamic", .type = 6, .flags = 3, .data = table.take()});
  add_segment({.type = 2,
               .flags = 6,
               .offset = placed.offset,
               .vaddr = placed.address,
               .file_size = size,
               .memory_size = size,
               .align = 8});
  return placed;
}

std::vector<std::byte> ElfBuilder::build(bool with_sections) const {
  ByteBuilder body = body_;
  ByteBuilder names;
  names.u8(0);
  std::vector<uint32_t> name_offsets;
  for (const Section& section : sections_) {
    name_offsets.push_back(static_cast<uint32_t>(names.size()));
    names.c_string(section.spec.name);
  }
  uint32_t own_name = static_cast<uint32_t>(names.size());
  names.c_string(".shstrtab");

  uint64_t mapped = body.size();
  uint64_t names_at = body.size();
  uint64_t sections_at = 0;
  if (with_sections) {
    body.bytes(names.view()).align(8);
    sections_at = body.size();
    auto put = [&](uint32_t name, uint32_t type, uint64_t flags, uint64_t address, uint64_t offset,
                   uint64_t size, uint32_t link, uint32_t info, uint64_t entry_size) {
      body.u32(name).u32(type);
      for (uint64_t value : {flags, address, offset, size}) put_elf_word(body, arch_, value);
      body.u32(link).u32(info);
      put_elf_word(body, arch_, 1);
      put_elf_word(body, arch_, entry_size);
    };
    put(0, 0, 0, 0, 0, 0, 0, 0, 0);
    for (size_t i = 0; i < sections_.size(); ++i) {
      const SectionSpec& s = sections_[i].spec;
      uint64_t size = s.claimed_size ? s.claimed_size : s.data.size();
      put(name_offsets[i], s.type, s.flags, s.flags & 2 ? base_ + sections_[i].offset : 0,
          sections_[i].offset, size, s.link, s.info, s.entry_size);
    }
    put(own_name, 3, 0, 0, names_at, names.size(), 0, 0, 0);
  }

  ByteBuilder head;
  auto count = static_cast<uint16_t>(sections_.size());
  put_elf_header(head, {.arch = arch_,
                        .type = type_,
                        .entry = entry_,
                        .segments_at = elf_word(arch_) == 8 ? 64u : 52u,
                        .segment_count = static_cast<uint16_t>(segments_.size() + 1),
                        .sections_at = sections_at,
                        .section_count = static_cast<uint16_t>(with_sections ? count + 2 : 0),
                        .names_section = static_cast<uint16_t>(with_sections ? count + 1 : 0)});
  put_elf_segment(head, arch_,
                  {.type = 1,
                   .flags = 5,
                   .vaddr = base_,
                   .file_size = mapped,
                   .memory_size = mapped,
                   .align = 4096});
  for (const ElfSegmentSpec& segment : segments_) put_elf_segment(head, arch_, segment);
  if (head.size() > kHeaders) return {};
  std::vector<std::byte> file = body.take();
  std::copy(head.view().begin(), head.view().end(), file.begin());
  return file;
}

}  // namespace inquest::testkit
