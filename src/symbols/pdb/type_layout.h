/// Raw CodeView type records -> values.
///
/// Source: Microsoft's cvinfo.h (microsoft-pdb); LLVM "CodeView Type Records".
#pragma once

#include <optional>
#include <string>

#include "symbols/pdb/codeview.h"

namespace inquest::symbols::pdb {

enum LeafKind : uint16_t {
  LF_MODIFIER = 0x1001,
  LF_POINTER = 0x1002,
  LF_PROCEDURE = 0x1008,
  LF_MFUNCTION = 0x1009,
  LF_ARGLIST = 0x1201,
  LF_FIELDLIST = 0x1203,
  LF_BITFIELD = 0x1205,
  LF_BCLASS = 0x1400,
  LF_VBCLASS = 0x1401,
  LF_IVBCLASS = 0x1402,
  LF_INDEX = 0x1404,
  LF_VFUNCTAB = 0x1409,
  LF_ENUMERATE = 0x1502,
  LF_ARRAY = 0x1503,
  LF_CLASS = 0x1504,
  LF_STRUCTURE = 0x1505,
  LF_UNION = 0x1506,
  LF_ENUM = 0x1507,
  LF_MEMBER = 0x150d,
  LF_STMEMBER = 0x150e,
  LF_METHOD = 0x150f,
  LF_NESTTYPE = 0x1510,
  LF_ONEMETHOD = 0x1511,
  LF_INTERFACE = 0x1519,
  LF_FUNC_ID = 0x1601,
  LF_MFUNC_ID = 0x1602,
  LF_STRING_ID = 0x1605,
};

/// A number that a record holds in as many bytes as it needs.
std::optional<int64_t> read_number(Cursor& cursor);

/// LF_CLASS, LF_STRUCTURE, LF_INTERFACE, LF_UNION, LF_ENUM.
struct Tag {
  uint16_t kind = 0;  ///< 0: it is none of these
  uint32_t fields = 0;
  uint32_t underlying = 0;  ///< of an enum
  uint64_t size = 0;
  bool is_forward = false;  ///< declared only: the definition has the same name
  std::string name = {}, unique_name = {};
};
Tag tag_of(const Record& record);

}  // namespace inquest::symbols::pdb
