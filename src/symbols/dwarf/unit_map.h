/// Which unit of debug information describes which code.
///
/// From .debug_aranges where a unit has a set there (clang writes none), else from the unit's own
/// DW_AT_low_pc/high_pc/ranges. Reads only unit headers, first DIEs and range lists, by itself:
/// a library that keeps what it read would keep the abbreviations of every unit.
/// Source: DWARF 4 (6.1.2, 2.17.3, 7.5), DWARF 5 (2.17.3, 7.5, 7.25). Value; immutable.
#pragma once

#include <vector>

#include "symbols/code_layout.h"
#include "symbols/dwarf/dwarf_file.h"
#include "symbols/intervals.h"

namespace inquest::symbols {

struct UnitMap {
  std::vector<uint64_t> units;     ///< offsets in .debug_info of the units that have code
  std::vector<Interval> segments;  ///< disjoint; owner: index in `units`

  /// Index in `units`; kNone when no unit describes the address.
  uint32_t unit_at(uint32_t rva) const;
};

UnitMap read_unit_map(const DwarfFile& debug, const CodeLayout& layout);

/// Where a unit's part of the tables of indices begins; 0: it has none.
struct UnitBases {
  uint64_t offset = 0;          ///< of the unit in .debug_info
  uint64_t string_offsets = 0;  ///< in .debug_str_offsets
  uint64_t addresses = 0;       ///< in .debug_addr
};
/// Of all compile units.
std::vector<UnitBases> read_unit_bases(const DwarfFile& debug);

}  // namespace inquest::symbols
