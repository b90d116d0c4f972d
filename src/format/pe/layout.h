/// Raw structures of Windows images, as they lie in the file.
///
/// Source: Microsoft "PE Format"; VS_VERSIONINFO of the resource file formats. For the sources of
/// this folder only.
#pragma once

#include "base/integers.h"

namespace inquest::pe::layout {

inline constexpr uint16_t kDosMagic = 0x5a4d;       // "MZ"
inline constexpr uint32_t kSignature = 0x00004550;  // "PE\0\0"
inline constexpr uint64_t kNewHeaderOffset = 0x3c;  // of e_lfanew
inline constexpr uint16_t kMagic32 = 0x10b, kMagic64 = 0x20b;
inline constexpr uint64_t kSymbolSize = 18;  // of a COFF symbol record

struct FileHeader {
  le16 machine, section_count;
  le32 timestamp, symbol_table, symbol_count;
  le16 optional_size, characteristics;
};

struct Optional32 {
  le16 magic;
  u8 linker_major, linker_minor;
  le32 code_size, data_size, bss_size, entry, code_base, data_base, image_base;
  le32 section_alignment, file_alignment;
  le16 os_major, os_minor, image_major, image_minor, subsystem_major, subsystem_minor;
  le32 win32_version, image_size, header_size, checksum;
  le16 subsystem, dll_characteristics;
  le32 stack_reserve, stack_commit, heap_reserve, heap_commit, loader_flags, directory_count;
};

struct Optional64 {
  le16 magic;
  u8 linker_major, linker_minor;
  le32 code_size, data_size, bss_size, entry, code_base;
  le64 image_base;
  le32 section_alignment, file_alignment;
  le16 os_major, os_minor, image_major, image_minor, subsystem_major, subsystem_minor;
  le32 win32_version, image_size, header_size, checksum;
  le16 subsystem, dll_characteristics;
  le64 stack_reserve, stack_commit, heap_reserve, heap_commit;
  le32 loader_flags, directory_count;
};

struct Directory {
  le32 rva, size;
};
enum DirectoryIndex : uint8_t {
  kExport = 0,
  kResource = 2,
  kException = 3,
  kDebug = 6,
  kDirectories = 16
};

struct SectionHeader {
  char name[8];
  le32 virtual_size, rva, file_size, file_offset, relocations, lines;
  le16 relocation_count, line_count;
  le32 flags;
};

struct ExportDirectory {
  le32 flags, timestamp;
  le16 major, minor;
  le32 name, ordinal_base, function_count, name_count, functions, names, ordinals;
};

struct DebugEntry {
  le32 flags, timestamp;
  le16 major, minor;
  le32 type, size, rva, file_offset;
};
inline constexpr uint32_t kDebugCodeView = 2;

struct CodeViewRsds {
  le32 signature;  // "RSDS"
  le32 guid1;
  le16 guid2, guid3;
  u8 guid4[8];
  le32 age;
};
struct CodeViewNb10 {
  le32 signature;  // "NB10"
  le32 offset, timestamp, age;
};
inline constexpr uint32_t kRsds = 0x53445352, kNb10 = 0x3031424e;

struct ResourceTable {
  le32 flags, timestamp;
  le16 major, minor, named_count, id_count;
};
struct ResourceEntry {
  le32 id, offset;  // the top bit of offset: another table
};
struct ResourceData {
  le32 rva, size, code_page, reserved;
};
inline constexpr uint32_t kVersionResource = 16, kFixedVersion = 0xfeef04bd;

static_assert(sizeof(FileHeader) == 20 && sizeof(Optional32) == 96 && sizeof(Optional64) == 112);
static_assert(sizeof(SectionHeader) == 40 && sizeof(ExportDirectory) == 40);
static_assert(sizeof(DebugEntry) == 28 && sizeof(CodeViewRsds) == 24 && sizeof(CodeViewNb10) == 16);
static_assert(sizeof(ResourceTable) == 16 && sizeof(ResourceEntry) == 8);
static_assert(alignof(Optional64) == 1 && alignof(CodeViewRsds) == 1);

}  // namespace inquest::pe::layout
