#include "symbols/pdb/type_layout.h"

namespace inquest::symbols::pdb {
namespace {

enum : uint16_t { kForwardReference = 0x80, kHasUniqueName = 0x200 };

enum NumericLeaf : uint16_t {
  LF_NUMERIC = 0x8000,
  LF_CHAR = 0x8000,
  LF_SHORT = 0x8001,
  LF_USHORT = 0x8002,
  LF_LONG = 0x8003,
  LF_ULONG = 0x8004,
  LF_QUADWORD = 0x8009,
  LF_UQUADWORD = 0x800a,
};

}  // namespace

std::optional<int64_t> read_number(Cursor& cursor) {
  const uint16_t leaf = cursor.read<le16>();
  if (cursor.failed()) return {};
  if (leaf < LF_NUMERIC) return leaf;
  switch (leaf) {
    case LF_CHAR:
      return static_cast<int8_t>(cursor.read<u8>());
    case LF_SHORT:
      return cursor.read<sle16>();
    case LF_USHORT:
      return cursor.read<le16>();
    case LF_LONG:
      return cursor.read<sle32>();
    case LF_ULONG:
      return cursor.read<le32>();
    case LF_QUADWORD:
    case LF_UQUADWORD:
      return cursor.read<sle64>();
    default:
      cursor.error(fmt::format("number of unknown kind {:#x}", leaf));
      return {};
  }
}

Tag tag_of(const Record& record) {
  Tag tag;
  Cursor cursor(record.data, "type record");
  cursor.read<le16>();  // number of fields
  const uint16_t properties = cursor.read<le16>();
  switch (record.kind) {
    case LF_CLASS:
    case LF_STRUCTURE:
    case LF_INTERFACE:
      tag.fields = cursor.read<le32>();
      cursor.skip(8);  // derivation list, shape of the virtual table
      break;
    case LF_UNION:
      tag.fields = cursor.read<le32>();
      break;
    case LF_ENUM:
      tag.underlying = cursor.read<le32>();
      tag.fields = cursor.read<le32>();
      break;
    default:
      return tag;
  }
  if (record.kind != LF_ENUM) tag.size = static_cast<uint64_t>(read_number(cursor).value_or(0));
  tag.name = cursor.c_string();
  if (cursor.failed()) return {};
  tag.kind = record.kind;
  tag.is_forward = properties & kForwardReference;
  if (properties & kHasUniqueName) tag.unique_name = cursor.c_string();
  return tag;
}

}  // namespace inquest::symbols::pdb
