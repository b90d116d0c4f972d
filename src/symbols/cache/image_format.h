/// The layout of a symbol image, as docs/symbol-cache.md specifies it: what the cache files hold,
/// and what the symbols of a freshly read unit are packed into, so that both are looked up by the
/// same code. Little-endian, flat arrays of fixed records, alignment 1.
#pragma once

#include <array>

#include "base/integers.h"

namespace inquest::symbols::image {

/// Part of the file name too: a format that changes gets a new number.
inline constexpr uint32_t kVersion = 1;
inline constexpr std::array<char, 8> kMagic = {'I', 'N', 'Q', 'S', 'Y', 'M', '\r', '\n'};
/// The unit of checking: a block is hashed when it is first touched.
inline constexpr uint64_t kBlockSize = 16 << 10;
inline constexpr size_t kBuildIdCapacity = 62;
/// Rows of one line block at most: what a look-up decodes.
inline constexpr uint32_t kRowsPerBlock = 64;

enum SectionIndex : unsigned {
  kFunctionRanges,  ///< FunctionRange[], sorted by begin, disjoint
  kFunctions,       ///< FunctionRecord[]
  kCalls,           ///< encoded trees of inlined calls
  kLineBlocks,      ///< LineBlock[], sorted by begin, disjoint
  kLineRows,        ///< encoded rows
  kFiles,           ///< le32[]: offset in kStrings
  kSymbolRanges,    ///< SymbolRange[], sorted by begin, disjoint
  kSymbols,         ///< SymbolRecord[]
  kSymbolHashes,    ///< SymbolHash[], sorted by hash, then by symbol
  kStrings,         ///< NUL-terminated
  kBlockHashes,     ///< le64[]: xxh64 of each block from the first section's start
  kSectionCount,
};

struct Section {
  le64 offset;  ///< from the start of the file
  le64 size;    ///< in bytes
};

struct Header {
  std::array<char, 8> magic;
  le32 version;
  le32 sources;  ///< Sources bits
  le64 file_size;
  u8 build_id_size;
  u8 reserved;
  std::array<unsigned char, kBuildIdCapacity> build_id;
  Section sections[kSectionCount];
  le64 block_table_hash;  ///< xxh64 of kBlockHashes
  le64 header_hash;       ///< xxh64 of all before this field
};
static_assert(sizeof(Header) == 24 + 64 + 16 * kSectionCount + 16 && alignof(Header) == 1);

/// What an image was made from; one made from less is not used when there is more.
enum Sources : uint32_t {
  kFromDwarf = 1,      ///< .debug_info
  kFromSymtab = 2,     ///< .symtab, not only .dynsym
  kFromAlternate = 4,  ///< dwz's file
  kDwoMissing = 8,     ///< some split units were not found
  kFromPdb = 16,
  kFromBreakpad = 32,  ///< .sym
  kFromMap = 64,       ///< the linker's map
  kFromExports = 128,  ///< a Windows image's export table
};

struct FunctionRange {
  le32 begin, end, function;
};
/// name: offset in kStrings, top bit: it is a linkage name; calls: offset in kCalls, 0: none.
struct FunctionRecord {
  le32 name, entry, size, calls;
};
struct LineBlock {
  le32 begin, end, rows;
};  ///< rows: offset in kLineRows
struct SymbolRange {
  le32 begin, end, symbol;
};
struct SymbolRecord {
  le32 address, size, name, flags;
};  ///< flags: 1 is a function, 2 is known from an export table only
struct SymbolHash {
  le32 hash, symbol;
};  ///< hash: low half of the name's xxh64

inline constexpr uint32_t kFunctionFlag = 1, kExportFlag = 2;
inline constexpr uint32_t kLinkageBit = 0x80000000;

}  // namespace inquest::symbols::image
