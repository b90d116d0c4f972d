/// Builds ELF images: sections at addresses, segments over them, symbols, notes, a dynamic section.
///
/// Written from <elf.h>'s field order with plain integers, not with the reader's structs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "testkit/bytes.h"

namespace inquest::testkit {

enum class ElfArch : uint8_t { x64, arm64, x86, arm };

/// 8 or 4.
unsigned elf_word(ElfArch arch);
uint16_t elf_machine(ElfArch arch);
/// The ELF header with the given tables; 64 or 52 bytes.
struct ElfHeaderSpec {
  ElfArch arch = ElfArch::x64;
  uint16_t type = 3;  // ET_DYN
  uint64_t entry = 0;
  uint64_t segments_at = 0;
  uint16_t segment_count = 0;
  uint64_t sections_at = 0;
  uint16_t section_count = 0;
  uint16_t names_section = 0;
};
void put_elf_header(ByteBuilder& out, const ElfHeaderSpec& spec);
struct ElfSegmentSpec {
  uint32_t type = 1;  // PT_LOAD
  uint32_t flags = 4;
  uint64_t offset = 0, vaddr = 0, file_size = 0, memory_size = 0, align = 0;
};
void put_elf_segment(ByteBuilder& out, ElfArch arch, const ElfSegmentSpec& spec);
/// One note, padded to 4 bytes.
void put_elf_note(ByteBuilder& out, std::string_view owner, uint32_t type,
                  std::span<const std::byte> description);
/// A word of the architecture.
void put_elf_word(ByteBuilder& out, ElfArch arch, uint64_t value);

/// An image of one PT_LOAD that maps the whole file at `base`, as a vDSO is.
class ElfBuilder {
 public:
  explicit ElfBuilder(ElfArch arch, uint16_t type = 3, uint64_t base = 0);

  struct Placed {
    uint32_t index;    ///< of the section
    uint64_t offset;   ///< in the file
    uint64_t address;  ///< base + offset
  };
  struct SectionSpec {
    std::string name;
    uint32_t type = 1;   // SHT_PROGBITS
    uint64_t flags = 2;  // SHF_ALLOC
    std::vector<std::byte> data = {};
    uint32_t link = 0, info = 0;
    uint64_t entry_size = 0;
    uint64_t claimed_size = 0;  ///< written instead of the data's size when not 0
  };
  Placed add_section(SectionSpec spec);

  struct SymbolSpec {
    std::string name;
    uint64_t value = 0, size = 0;
    uint8_t info = 0x12;  // STB_GLOBAL, STT_FUNC
    uint16_t section = 1;
  };
  /// A table (".symtab" or ".dynsym") and its strings (".strtab", ".dynstr"); the null symbol is
  /// put before them.
  Placed add_symbols(const std::vector<SymbolSpec>& symbols, bool dynamic = false);
  Placed add_note(const std::string& section, std::string_view owner, uint32_t type,
                  std::span<const std::byte> description);
  Placed add_build_id(std::span<const std::byte> id);
  /// PT_DYNAMIC of (tag, value) pairs; DT_NULL is put after them.
  Placed add_dynamic(const std::vector<std::pair<uint64_t, uint64_t>>& entries);
  void add_segment(const ElfSegmentSpec& segment) { segments_.push_back(segment); }
  void set_entry(uint64_t entry) { entry_ = entry; }

  /// With the section table, or without.
  std::vector<std::byte> build(bool with_sections = true) const;

 private:
  struct Section {
    SectionSpec spec;
    uint64_t offset;
  };
  ElfArch arch_;
  uint16_t type_;
  uint64_t base_;
  uint64_t entry_ = 0;
  ByteBuilder body_;  // what follows the headers' reserved space
  std::vector<Section> sections_;
  std::vector<ElfSegmentSpec> segments_;
};

}  // namespace inquest::testkit
