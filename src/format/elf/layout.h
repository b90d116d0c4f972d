/// The raw records of an ELF file, both word sizes, little-endian. Source: gABI chapters 4 and 5.
///
/// `Layout32` and `Layout64` name the same fields, so that a reader is written once as a template.
#pragma once

#include "base/integers.h"

namespace inquest::elf {

struct Ident {
  u8 magic[4];  ///< 7f 45 4c 46
  u8 word;      ///< ELFCLASS*
  u8 order;     ///< ELFDATA*
  u8 version;
  u8 abi;
  u8 rest[8];
};
static_assert(sizeof(Ident) == 16);

struct NoteHeader {
  le32 name_size;
  le32 description_size;
  le32 type;
};
static_assert(sizeof(NoteHeader) == 12);

struct Layout64 {
  struct Header {
    Ident ident;
    le16 type, machine;
    le32 version;
    le64 entry, segment_table, section_table;
    le32 flags;
    le16 header_size, segment_size, segment_count, section_size, section_count, names_section;
  };
  struct Segment {
    le32 type, flags;
    le64 offset, vaddr, paddr, file_size, memory_size, align;
  };
  struct Section {
    le32 name, type;
    le64 flags, address, offset, size;
    le32 link, info;
    le64 align, entry_size;
  };
  struct Symbol {
    le32 name;
    u8 info, other;
    le16 section;
    le64 value, size;
  };
  struct Compression {
    le32 type, reserved;
    le64 size, align;
  };
  struct Dynamic {
    le64 tag, value;
  };
  using BloomWord = le64;
};
static_assert(sizeof(Layout64::Header) == 64 && sizeof(Layout64::Segment) == 56);
static_assert(sizeof(Layout64::Section) == 64 && sizeof(Layout64::Symbol) == 24);
static_assert(sizeof(Layout64::Compression) == 24 && sizeof(Layout64::Dynamic) == 16);

struct Layout32 {
  struct Header {
    Ident ident;
    le16 type, machine;
    le32 version;
    le32 entry, segment_table, section_table;
    le32 flags;
    le16 header_size, segment_size, segment_count, section_size, section_count, names_section;
  };
  struct Segment {
    le32 type, offset, vaddr, paddr, file_size, memory_size, flags, align;
  };
  struct Section {
    le32 name, type, flags, address, offset, size, link, info, align, entry_size;
  };
  struct Symbol {
    le32 name, value, size;
    u8 info, other;
    le16 section;
  };
  struct Compression {
    le32 type, size, align;
  };
  struct Dynamic {
    le32 tag, value;
  };
  using BloomWord = le32;
};
static_assert(sizeof(Layout32::Header) == 52 && sizeof(Layout32::Segment) == 32);
static_assert(sizeof(Layout32::Section) == 40 && sizeof(Layout32::Symbol) == 16);
static_assert(sizeof(Layout32::Compression) == 12 && sizeof(Layout32::Dynamic) == 8);

/// Part of `bytes`, cut where they end; empty when it starts past them.
inline Bytes clip(Bytes bytes, uint64_t offset, uint64_t size) {
  if (offset >= bytes.size()) return {};
  uint64_t room = bytes.size() - offset;
  return bytes.subspan(offset, size < room ? size : room);
}

}  // namespace inquest::elf
