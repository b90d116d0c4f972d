/// CodeView symbol records: one after the other, and the names of their kinds.
///
/// Source: Microsoft's cvinfo.h (microsoft-pdb); LLVM "CodeView Symbol Records". Borrowed bytes.
#pragma once

#include "base/cursor.h"

namespace inquest::symbols::pdb {

enum SymbolKind : uint16_t {
  S_END = 0x0006,
  S_FRAMEPROC = 0x1012,
  S_REGISTER = 0x1106,
  S_CONSTANT = 0x1107,
  S_UDT = 0x1108,
  S_BLOCK32 = 0x1103,
  S_THUNK32 = 0x1102,
  S_BPREL32 = 0x110b,
  S_LDATA32 = 0x110c,
  S_GDATA32 = 0x110d,
  S_PUB32 = 0x110e,
  S_LPROC32 = 0x110f,
  S_GPROC32 = 0x1110,
  S_REGREL32 = 0x1111,
  S_LTHREAD32 = 0x1112,
  S_GTHREAD32 = 0x1113,
  S_COMPILE2 = 0x1116,
  S_SEPCODE = 0x1132,
  S_COMPILE3 = 0x113c,
  S_LOCAL = 0x113e,
  S_DEFRANGE_REGISTER = 0x1141,
  S_DEFRANGE_FRAMEPOINTER_REL = 0x1142,
  S_DEFRANGE_SUBFIELD_REGISTER = 0x1143,
  S_DEFRANGE_FRAMEPOINTER_REL_FULL_SCOPE = 0x1144,
  S_DEFRANGE_REGISTER_REL = 0x1145,
  S_LPROC32_ID = 0x1146,
  S_GPROC32_ID = 0x1147,
  S_INLINESITE = 0x114d,
  S_INLINESITE_END = 0x114e,
  S_PROC_ID_END = 0x114f,
  S_LPROC32_DPC = 0x1155,
  S_LPROC32_DPC_ID = 0x1156,
  S_INLINESITE2 = 0x115d,
};

inline bool is_procedure(uint16_t kind) {
  return kind == S_LPROC32 || kind == S_GPROC32 || kind == S_LPROC32_ID || kind == S_GPROC32_ID ||
         kind == S_LPROC32_DPC || kind == S_LPROC32_DPC_ID;
}

struct Record {
  uint16_t kind = 0;
  uint64_t offset = 0;  ///< of its length field, from the start of the bytes
  Bytes data;           ///< behind its kind
};

/// Records one after the other, as symbol and type streams have them.
class Records {
 public:
  explicit Records(Bytes bytes, uint64_t from = 0) : cursor_(bytes, "CodeView records") {
    cursor_.seek(from);
  }
  bool next(Record& out) {
    if (cursor_.failed() || cursor_.remaining() < 4) return false;
    out.offset = cursor_.position();
    const uint16_t size = cursor_.read<le16>();
    out.kind = cursor_.read<le16>();
    out.data = cursor_.take(size < 2 ? 0 : size - 2);
    return size >= 2 && !cursor_.failed();
  }
  uint64_t position() const { return cursor_.position(); }

 private:
  Cursor cursor_;
};

struct ProcedureHead {
  le32 parent, end, next, size, debug_begin, debug_end, type, offset;
  le16 section;
  u8 flags;
};
static_assert(sizeof(ProcedureHead) == 35);

struct ThunkHead {
  le32 parent, end, next, offset;
  le16 section, size;
  u8 ordinal;
};
static_assert(sizeof(ThunkHead) == 21);

struct SeparatedCode {
  le32 parent, end, size, flags, offset, parent_offset;
  le16 section, parent_section;
};
static_assert(sizeof(SeparatedCode) == 28);

struct InlineSiteHead {
  le32 parent, end, inlinee;
};

struct PublicHead {
  le32 flags, offset;
  le16 section;
};
static_assert(sizeof(PublicHead) == 10);

}  // namespace inquest::symbols::pdb
