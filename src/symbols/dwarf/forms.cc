#include "symbols/dwarf/forms.h"

#include <llvm/BinaryFormat/Dwarf.h>

namespace inquest::symbols {

using namespace llvm::dwarf;

uint64_t read_number(Cursor& cursor, unsigned size) {
  uint64_t value = 0;
  Bytes raw = cursor.take(size);
  for (size_t i = raw.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(raw[i]);
  return value;
}

uint64_t read_form(Cursor& cursor, uint64_t form, const UnitParameters& unit) {
  switch (form) {
    case DW_FORM_addr:
      return read_number(cursor, unit.address_size);
    case DW_FORM_data1:
    case DW_FORM_ref1:
    case DW_FORM_flag:
    case DW_FORM_strx1:
    case DW_FORM_addrx1:
      return read_number(cursor, 1);
    case DW_FORM_data2:
    case DW_FORM_ref2:
    case DW_FORM_strx2:
    case DW_FORM_addrx2:
      return read_number(cursor, 2);
    case DW_FORM_strx3:
    case DW_FORM_addrx3:
      return read_number(cursor, 3);
    case DW_FORM_data4:
    case DW_FORM_ref4:
    case DW_FORM_strx4:
    case DW_FORM_addrx4:
    case DW_FORM_ref_sup4:
      return read_number(cursor, 4);
    case DW_FORM_data8:
    case DW_FORM_ref8:
    case DW_FORM_ref_sig8:
    case DW_FORM_ref_sup8:
      return read_number(cursor, 8);
    case DW_FORM_data16:
      cursor.skip(16);
      return 0;
    case DW_FORM_udata:
    case DW_FORM_ref_udata:
    case DW_FORM_strx:
    case DW_FORM_addrx:
    case DW_FORM_loclistx:
    case DW_FORM_rnglistx:
    case DW_FORM_GNU_addr_index:
    case DW_FORM_GNU_str_index:
      return cursor.uleb128();
    case DW_FORM_sdata:
      return static_cast<uint64_t>(cursor.sleb128());
    case DW_FORM_strp:
    case DW_FORM_line_strp:
    case DW_FORM_sec_offset:
    case DW_FORM_strp_sup:
    case DW_FORM_GNU_ref_alt:
    case DW_FORM_GNU_strp_alt:
      return read_number(cursor, unit.offset_size);
    case DW_FORM_ref_addr:
      return read_number(cursor, unit.version <= 2 ? unit.address_size : unit.offset_size);
    case DW_FORM_string:
      cursor.c_string();
      return 0;
    case DW_FORM_flag_present:
      return 1;
    case DW_FORM_implicit_const:
      return 0;  // the abbreviation holds it
    case DW_FORM_block1:
      cursor.skip(read_number(cursor, 1));
      return 0;
    case DW_FORM_block2:
      cursor.skip(read_number(cursor, 2));
      return 0;
    case DW_FORM_block4:
      cursor.skip(read_number(cursor, 4));
      return 0;
    case DW_FORM_block:
    case DW_FORM_exprloc:
      cursor.skip(cursor.uleb128());
      return 0;
    case DW_FORM_indirect: {
      uint64_t real = cursor.uleb128();
      if (real == DW_FORM_indirect) break;
      return read_form(cursor, real, unit);
    }
    default:
      break;
  }
  cursor.error("attribute of an unknown form");
  return 0;
}

}  // namespace inquest::symbols
