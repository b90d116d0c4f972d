/// Reading one attribute value of a DIE without knowing what it means.
/// Source: DWARF 5, 7.5.5 and 7.5.6; DWARF 4, 7.5.4; GNU extensions as gcc and dwz write them.
#pragma once

#include "base/cursor.h"

namespace inquest::symbols {

struct UnitParameters {
  uint16_t version = 0;
  uint8_t address_size = 8;
  uint8_t offset_size = 4;
};

/// The value of a number, an offset or an index; 0 for blocks and strings, which are skipped.
/// Marks the cursor as failed on a form that it does not know.
uint64_t read_form(Cursor& cursor, uint64_t form, const UnitParameters& unit);

/// Little-endian, of 1 to 8 bytes.
uint64_t read_number(Cursor& cursor, unsigned size);

}  // namespace inquest::symbols
