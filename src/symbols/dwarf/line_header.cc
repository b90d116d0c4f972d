#include "symbols/dwarf/line_header.h"

#include <llvm/BinaryFormat/Dwarf.h>
#include <vector>

#include "symbols/dwarf/forms.h"

namespace inquest::symbols {

using namespace llvm::dwarf;

namespace {

bool is_entry_form(uint64_t form) {
  switch (form) {
    case DW_FORM_string:
    case DW_FORM_line_strp:
    case DW_FORM_strp:
    case DW_FORM_udata:
    case DW_FORM_data1:
    case DW_FORM_data2:
    case DW_FORM_data4:
    case DW_FORM_data8:
    case DW_FORM_data16:
    case DW_FORM_block:
    case DW_FORM_strx:
    case DW_FORM_strx1:
    case DW_FORM_strx2:
    case DW_FORM_strx3:
    case DW_FORM_strx4:
      return true;
    default:
      return false;
  }
}

/// A table of directories or files: its format, then its entries.
bool read_table(Cursor& cursor, const UnitParameters& unit) {
  std::vector<uint64_t> forms;
  for (unsigned n = uint8_t{cursor.read<u8>()}; n-- > 0;) {
    cursor.uleb128();  // what it means
    forms.push_back(cursor.uleb128());
    if (!is_entry_form(forms.back())) return false;
  }
  uint64_t entries = cursor.uleb128();
  if (forms.empty()) return entries == 0;
  for (; entries > 0 && !cursor.failed(); --entries) {
    for (uint64_t form : forms) read_form(cursor, form, unit);
  }
  return !cursor.failed();
}

}  // namespace

bool readable_line_header(Bytes lines, uint64_t offset) {
  if (offset >= lines.size()) return false;
  Cursor cursor(lines.subspan(offset), ".debug_line");
  UnitParameters unit;
  if (cursor.read<le32>() == 0xffffffff) {
    cursor.skip(8);
    unit.offset_size = 8;
  }
  unit.version = cursor.read<le16>();
  if (unit.version < 5) return !cursor.failed();
  unit.address_size = cursor.read<u8>();
  cursor.skip(1 + unit.offset_size + 5);  // up to the number of the first special opcode
  uint8_t opcodes = cursor.read<u8>();
  if (opcodes > 0) cursor.skip(opcodes - 1);
  if (cursor.failed() || (unit.address_size != 4 && unit.address_size != 8)) return false;
  return read_table(cursor, unit) && read_table(cursor, unit);
}

}  // namespace inquest::symbols
