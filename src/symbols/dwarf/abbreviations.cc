#include "symbols/dwarf/abbreviations.h"

#include <llvm/BinaryFormat/Dwarf.h>
#include <optional>

namespace inquest::symbols {

using namespace llvm::dwarf;

namespace {

/// Codes are numbered from 1 by every compiler; a table by code must not follow a wild one.
constexpr uint64_t kMostCodes = 1 << 20;

/// Bytes of an attribute of this form; absent when they differ from DIE to DIE.
std::optional<uint32_t> fixed_size(uint64_t form, const UnitParameters& unit) {
  switch (form) {
    case DW_FORM_addr:
      return unit.address_size;
    case DW_FORM_flag_present:
    case DW_FORM_implicit_const:
      return 0;
    case DW_FORM_data1:
    case DW_FORM_ref1:
    case DW_FORM_flag:
    case DW_FORM_strx1:
    case DW_FORM_addrx1:
      return 1;
    case DW_FORM_data2:
    case DW_FORM_ref2:
    case DW_FORM_strx2:
    case DW_FORM_addrx2:
      return 2;
    case DW_FORM_data4:
    case DW_FORM_ref4:
    case DW_FORM_strx4:
    case DW_FORM_addrx4:
      return 4;
    case DW_FORM_data8:
    case DW_FORM_ref8:
    case DW_FORM_ref_sig8:
      return 8;
    case DW_FORM_strp:
    case DW_FORM_line_strp:
    case DW_FORM_sec_offset:
    case DW_FORM_GNU_ref_alt:
    case DW_FORM_GNU_strp_alt:
      return unit.offset_size;
    case DW_FORM_ref_addr:
      return unit.version <= 2 ? unit.address_size : unit.offset_size;
    default:
      return {};
  }
}

}  // namespace

std::vector<Abbreviation> read_abbreviations(Bytes section, uint64_t offset,
                                             const UnitParameters& unit) {
  std::vector<Abbreviation> table;
  if (offset >= section.size()) return table;
  Cursor cursor(section.subspan(offset), ".debug_abbrev");
  while (!cursor.at_end()) {
    const uint64_t code = cursor.uleb128();
    if (code == 0 || code > kMostCodes) break;
    Abbreviation one{.tag = static_cast<uint16_t>(cursor.uleb128())};
    one.has_children = cursor.read<u8>() != 0;
    one.is_fixed = true;
    while (!cursor.failed()) {
      const uint64_t name = cursor.uleb128(), form = cursor.uleb128();
      const int64_t implicit = form == DW_FORM_implicit_const ? cursor.sleb128() : 0;
      if (name == 0 && form == 0) break;
      one.attributes.push_back(
          {static_cast<uint16_t>(name), static_cast<uint16_t>(form), implicit});
      one.is_declared |= name == DW_AT_declaration || name == DW_AT_external;
      one.has_location |= name == DW_AT_location;
      if (auto size = fixed_size(form, unit)) {
        one.size += *size;
      } else {
        one.is_fixed = false;
      }
    }
    if (cursor.failed()) break;
    // Wild codes of a hostile table cost no more memory than the table has bytes.
    if (code >= table.size()) {
      if (code > table.size() + 1024 + cursor.position()) break;
      table.resize(code + 1);
    }
    table[code] = std::move(one);
  }
  return table;
}

}  // namespace inquest::symbols
