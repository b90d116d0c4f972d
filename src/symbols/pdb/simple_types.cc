#include "symbols/pdb/simple_types.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace inquest::symbols::pdb {
namespace {

struct Base {
  uint8_t kind;  ///< bits 0 to 7 of the index
  uint8_t size;
  Encoding encoding;
  std::string_view name;
};

constexpr Base kBases[] = {
    {0x08, 4, Encoding::signed_, "HRESULT"},
    {0x10, 1, Encoding::character, "signed char"},
    {0x11, 2, Encoding::signed_, "short"},
    {0x12, 4, Encoding::signed_, "long"},
    {0x13, 8, Encoding::signed_, "long long"},
    {0x14, 16, Encoding::signed_, "__int128"},
    {0x20, 1, Encoding::character, "unsigned char"},
    {0x21, 2, Encoding::unsigned_, "unsigned short"},
    {0x22, 4, Encoding::unsigned_, "unsigned long"},
    {0x23, 8, Encoding::unsigned_, "unsigned long long"},
    {0x24, 16, Encoding::unsigned_, "unsigned __int128"},
    {0x30, 1, Encoding::boolean, "bool"},
    {0x31, 2, Encoding::boolean, "bool16"},
    {0x32, 4, Encoding::boolean, "bool32"},
    {0x33, 8, Encoding::boolean, "bool64"},
    {0x40, 4, Encoding::floating, "float"},
    {0x41, 8, Encoding::floating, "double"},
    {0x42, 10, Encoding::floating, "long double"},
    {0x46, 2, Encoding::floating, "_Float16"},
    {0x68, 1, Encoding::signed_, "int8_t"},
    {0x69, 1, Encoding::unsigned_, "uint8_t"},
    {0x70, 1, Encoding::character, "char"},
    {0x71, 2, Encoding::utf, "wchar_t"},
    {0x72, 2, Encoding::signed_, "short"},
    {0x73, 2, Encoding::unsigned_, "unsigned short"},
    {0x74, 4, Encoding::signed_, "int"},
    {0x75, 4, Encoding::unsigned_, "unsigned int"},
    {0x76, 8, Encoding::signed_, "long long"},
    {0x77, 8, Encoding::unsigned_, "unsigned long long"},
    {0x78, 16, Encoding::signed_, "__int128"},
    {0x79, 16, Encoding::unsigned_, "unsigned __int128"},
    {0x7a, 2, Encoding::utf, "char16_t"},
    {0x7b, 4, Encoding::utf, "char32_t"},
    {0x7c, 1, Encoding::utf, "char8_t"},
};

/// Bits 8 to 10: direct, or a pointer of a size.
uint64_t pointer_bytes(uint32_t mode) {
  switch (mode) {
    case 0:
      return 0;
    case 6:
      return 8;
    case 7:
      return 16;
    case 1:
      return 2;
    default:
      return 4;
  }
}

}  // namespace

Type simple_type(uint32_t index) {
  const uint32_t kind = index & 0xff;
  if (uint64_t size = pointer_bytes((index >> 8) & 7)) {
    std::string target = kind == kVoid ? "void" : simple_type(kind).name;
    return {.kind = TypeKind::pointer,
            .name = target + "*",
            .size = size,
            .target = {kind == kVoid ? 0 : kind}};
  }
  auto base = std::find_if(std::begin(kBases), std::end(kBases),
                           [&](const Base& b) { return b.kind == kind; });
  if (base == std::end(kBases)) return {};
  return {.kind = TypeKind::base,
          .name = std::string(base->name),
          .size = base->size,
          .encoding = base->encoding};
}

}  // namespace inquest::symbols::pdb
