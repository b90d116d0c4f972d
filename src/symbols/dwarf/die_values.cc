/// The values of a DIE's attributes, by their forms (DWARF 5, 7.5.5 and 7.5.6).
#include <llvm/BinaryFormat/Dwarf.h>

#include "symbols/dwarf/die_reader.h"

namespace inquest::symbols::die_index {

using namespace llvm::dwarf;

namespace {

std::string_view string_at(Bytes section, uint64_t offset) {
  if (offset >= section.size()) return {};
  auto* begin = reinterpret_cast<const char*>(section.data()) + offset;
  const void* end = std::memchr(begin, 0, section.size() - offset);
  return end ? std::string_view(begin, static_cast<size_t>(static_cast<const char*>(end) - begin))
             : std::string_view{};
}

}  // namespace

Value DieReader::value(Cursor& cursor, uint64_t form, int64_t implicit, bool want_text) {
  Value out{.form = form};
  if (form == DW_FORM_indirect) out.form = form = cursor.uleb128();
  switch (form) {
    case DW_FORM_exprloc:
    case DW_FORM_block:
      out.block = cursor.take(cursor.uleb128());
      return out;
    case DW_FORM_block1:
      out.block = cursor.take(cursor.read<u8>());
      return out;
    case DW_FORM_string:
      out.text = cursor.c_string();
      return out;
    case DW_FORM_implicit_const:
      out.number = static_cast<uint64_t>(implicit);
      return out;
    default:
      out.number = read_form(cursor, form, unit_->parameters);
  }
  if (!want_text || cursor.failed()) return out;
  switch (form) {
    case DW_FORM_strp:
      out.text = string_at(unit_->section->is_alternate ? strings_.alternate_str : strings_.str,
                           out.number);
      break;
    case DW_FORM_line_strp:
      out.text = string_at(strings_.line_str, out.number);
      break;
    case DW_FORM_GNU_strp_alt:
    case DW_FORM_strp_sup:
      out.text = string_at(strings_.alternate_str, out.number);
      break;
    case DW_FORM_strx:
    case DW_FORM_strx1:
    case DW_FORM_strx2:
    case DW_FORM_strx3:
    case DW_FORM_strx4:
    case DW_FORM_GNU_str_index: {
      const uint64_t size = unit_->parameters.offset_size;
      if (out.number > strings_.offsets.size() || string_base_ > strings_.offsets.size()) break;
      const uint64_t at = string_base_ + out.number * size;
      if (at + size > strings_.offsets.size()) break;
      Cursor offsets(strings_.offsets.subspan(at, size), ".debug_str_offsets");
      out.text = string_at(strings_.str, read_number(offsets, static_cast<unsigned>(size)));
      break;
    }
    default:
      break;
  }
  return out;
}

/// The id that a reference names; 0 when it is none.
uint64_t DieReader::reference(const Value& value) const {
  switch (value.form) {
    case DW_FORM_ref1:
    case DW_FORM_ref2:
    case DW_FORM_ref4:
    case DW_FORM_ref8:
    case DW_FORM_ref_udata:
      return unit_->section->space | (unit_->offset + value.number);
    case DW_FORM_ref_addr:
      return unit_->section->is_alternate ? unit_->section->space | value.number : value.number;
    case DW_FORM_GNU_ref_alt:
    case DW_FORM_ref_sup4:
    case DW_FORM_ref_sup8:
      return alternate_space_ | value.number;
    case DW_FORM_ref_sig8: {
      auto found = signatures_.find(value.number);
      return found == signatures_.end() ? 0 : found->second;
    }
    default:
      return 0;
  }
}

std::optional<uint64_t> DieReader::indexed(uint64_t index) const {
  const uint64_t size = unit_->parameters.address_size;
  if (address_base_ > strings_.address.size() ||
      index >= (strings_.address.size() - address_base_) / size) {
    return {};
  }
  Cursor cursor(strings_.address.subspan(address_base_ + index * size, size), ".debug_addr");
  return read_number(cursor, static_cast<unsigned>(size));
}

/// DW_OP_addr, or what thread-locals have: their offset and then "push the thread's address".
bool DieReader::place(Bytes location, DieIndex::Variable& out) const {
  Cursor cursor(location, "location");
  const uint8_t first = cursor.read<u8>();
  std::optional<uint64_t> number;
  switch (first) {
    case DW_OP_addr:
      number = read_number(cursor, unit_->parameters.address_size);
      break;
    case DW_OP_addrx:
    case DW_OP_GNU_addr_index:
    case DW_OP_constx:
    case DW_OP_GNU_const_index:
      number = indexed(cursor.uleb128());
      break;
    case DW_OP_const4u:
      number = read_number(cursor, 4);
      break;
    case DW_OP_const8u:
      number = read_number(cursor, 8);
      break;
    default:
      return false;
  }
  if (!number || cursor.failed()) return false;
  out.address = *number;
  while (!cursor.at_end()) {
    const uint8_t next = cursor.read<u8>();
    if (next == DW_OP_plus_uconst) {
      out.address += cursor.uleb128();
    } else if (next == DW_OP_GNU_push_tls_address || next == DW_OP_form_tls_address) {
      out.is_thread_local = true;
    } else {
      return false;
    }
  }
  const bool is_address =
      first == DW_OP_addr || first == DW_OP_addrx || first == DW_OP_GNU_addr_index;
  return !cursor.failed() && (is_address || out.is_thread_local);
}

}  // namespace inquest::symbols::die_index
