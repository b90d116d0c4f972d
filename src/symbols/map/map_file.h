/// Maps that linkers write: text -> symbols by RVA.
///
/// Three forms: that of MSVC's link.exe and lld-link ("Address Publics by Value Rva+Base"), GNU
/// ld's
/// ("Linker script and memory map") and lld's for mingw ("Address Size Align Out In Symbol").
/// Lines that are none of these are skipped. Source: the linkers' documentation of /MAP and -Map.
#pragma once

#include <string_view>
#include <vector>

#include "base/integers.h"

namespace inquest::symbols {

struct MapSymbol {
  std::string_view name;  ///< mangled, or as the linker demangled it; borrowed
  uint32_t rva = 0;
  uint32_t section_end = 0;  ///< RVA
  bool is_code = false;
};

/// `image_base`: for GNU ld's, which tells addresses only; 0: what the map itself says.
std::vector<MapSymbol> read_map(Bytes text, uint64_t image_base);

}  // namespace inquest::symbols
