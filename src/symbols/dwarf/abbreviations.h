/// The abbreviations of a unit, with what is needed to skip a DIE quickly.
/// Source: DWARF 5, 7.5.3. Value; a damaged table is empty behind the damage.
#pragma once

#include <cstdint>
#include <vector>

#include "base/integers.h"
#include "symbols/dwarf/forms.h"

namespace inquest::symbols {

struct Abbreviation {
  struct Attribute {
    uint16_t name = 0;
    uint16_t form = 0;
    int64_t implicit = 0;  ///< of DW_FORM_implicit_const
  };
  uint16_t tag = 0;  ///< 0: there is none of this code
  bool has_children = false;
  bool is_fixed = false;     ///< all DIEs of it have `size` bytes of attributes
  bool is_declared = false;  ///< has DW_AT_declaration or DW_AT_external
  bool has_location = false;
  uint32_t size = 0;
  std::vector<Attribute> attributes = {};
};

/// By code; empty when `offset` is outside. `unit` decides the sizes.
std::vector<Abbreviation> read_abbreviations(Bytes section, uint64_t offset,
                                             const UnitParameters& unit);

}  // namespace inquest::symbols
