/// An ELF file: bytes -> headers, segments, sections, notes, symbols. All four word sizes and
/// orders that we meet: 32/64 bit little-endian (x86-64, i386, AArch64, ARM).
///
/// Source: System V gABI chapters 4 and 5, <elf.h>. Every count and offset is a claim that is
/// checked. Owns (shares) its mapping; everything returned is borrowed from it and valid while the
/// File lives. Immutable after `open`; safe from any thread, `section_data` included.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "base/error.h"
#include "base/integers.h"
#include "base/mapped_file.h"

namespace inquest::elf {

enum class Class : uint8_t { elf32 = 1, elf64 = 2 };

struct Segment {
  uint32_t type = 0;   ///< PT_*
  uint32_t flags = 0;  ///< PF_*
  uint64_t offset = 0;
  uint64_t vaddr = 0;
  uint64_t file_size = 0;
  uint64_t memory_size = 0;
  uint64_t align = 0;
};

struct Section {
  std::string_view name;
  uint32_t type = 0;   ///< SHT_*
  uint64_t flags = 0;  ///< SHF_*
  uint64_t address = 0;
  uint64_t offset = 0;
  uint64_t size = 0;  ///< as stored
  uint32_t link = 0;
  uint32_t info = 0;
  uint64_t entry_size = 0;
};

struct Note {
  std::string_view owner;  ///< "CORE", "GNU", "LINUX"
  uint32_t type = 0;       ///< NT_*
  Bytes description;
  uint64_t offset = 0;  ///< of the description in the file
};

/// The notes of a run of bytes that starts at file offset (or address) `origin`; up to the first
/// that does not fit. `alignment` is the segment's.
std::vector<Note> parse_notes(Bytes run, uint64_t origin, uint64_t alignment);

struct Symbol {
  std::string_view name;  ///< mangled; without the "@VERSION" part
  uint64_t value = 0;     ///< virtual address in the file
  uint64_t size = 0;
  uint8_t type = 0;      ///< STT_*
  uint8_t binding = 0;   ///< STB_*
  uint16_t section = 0;  ///< SHN_*
};

class File {
 public:
  /// Parses headers, program headers and section headers. A file whose section table is damaged
  /// still opens, without sections (see `damage`): a core cut short is the common case.
  static Result<std::shared_ptr<const File>> open(const std::string& path);
  static Result<std::shared_ptr<const File>> open(std::shared_ptr<const MappedFile> file);
  /// From bytes that `owner` keeps alive, such as mini debug info or a vDSO; `name` is for errors.
  static Result<std::shared_ptr<const File>> parse(Bytes bytes, std::shared_ptr<const void> owner,
                                                   std::string name);

  const std::string& path() const { return path_; }
  Bytes bytes() const { return bytes_; }
  Class word() const { return class_; }
  bool is_64() const { return class_ == Class::elf64; }
  uint16_t type() const { return type_; }        ///< ET_*
  uint16_t machine() const { return machine_; }  ///< EM_*
  uint64_t entry() const { return entry_; }
  const std::vector<Segment>& segments() const { return segments_; }
  const std::vector<Section>& sections() const { return sections_; }
  /// What of the file was unusable though it opened; empty when all is well.
  const std::vector<Warning>& damage() const { return damage_; }

  /// Null when absent. ".debug_x" also finds ".zdebug_x".
  const Section* section(std::string_view name) const;
  /// The bytes of a section, decompressed where SHF_COMPRESSED (zlib, zstd) or ".zdebug" says so;
  /// decompressed once, on first use. Empty for SHT_NOBITS.
  Result<Bytes> section_data(const Section& section) const;
  /// By name; empty bytes when absent or unusable.
  Bytes section_data(std::string_view name) const;
  /// The bytes of the file that a segment maps, cut where the file is.
  Bytes segment_data(const Segment& segment) const;

  /// Notes of all PT_NOTE segments, or of SHT_NOTE sections where there are no segments.
  std::vector<Note> notes() const;
  /// NT_GNU_BUILD_ID; empty when none.
  Bytes build_id() const;
  /// The debug link's file name and CRC-32; absent when none.
  struct DebugLink {
    std::string_view name;
    uint32_t crc;
  };
  std::optional<DebugLink> debug_link() const;
  /// dwz's alternate file: its path and build id.
  struct AltLink {
    std::string_view path;
    Bytes build_id;
  };
  std::optional<AltLink> alt_link() const;

  /// Symbols of a SHT_SYMTAB or SHT_DYNSYM section; where there is no section table, of
  /// PT_DYNAMIC. Empty when absent; a damaged table yields what could be read.
  std::vector<Symbol> symbols(uint32_t section_type) const;

  /// Lowest p_vaddr of the PT_LOAD segments, rounded down to its page: RVA 0.
  uint64_t load_base() const;
  /// The file's bytes at a virtual address, up to the end of its segment's file part. Empty when
  /// no segment maps it.
  Bytes at_vaddr(uint64_t vaddr) const;

 private:
  File() = default;
  Result<> parse_headers();

  std::string path_;
  Bytes bytes_;
  std::shared_ptr<const void> owner_;
  Class class_ = Class::elf64;
  uint16_t type_ = 0;
  uint16_t machine_ = 0;
  uint64_t entry_ = 0;
  std::vector<Segment> segments_;
  std::vector<Section> sections_;
  std::vector<Warning> damage_;

  mutable std::mutex unpack_mutex_;
  mutable std::unordered_map<uint64_t, std::vector<std::byte>> unpacked_;  // by section offset
};

}  // namespace inquest::elf
