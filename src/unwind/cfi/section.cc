#include "unwind/cfi/section.h"

namespace inquest::unwind {
namespace {

uint64_t read_form(Cursor& cursor, uint8_t form, unsigned pointer_size) {
  switch (form) {
    case pointer::absolute:
      return pointer_size == 4 ? uint64_t{cursor.read<le32>()} : uint64_t{cursor.read<le64>()};
    case pointer::uleb:
      return cursor.uleb128();
    case pointer::sleb:
      return static_cast<uint64_t>(cursor.sleb128());
    case pointer::udata2:
      return cursor.read<le16>();
    case pointer::udata4:
      return cursor.read<le32>();
    case pointer::udata8:
      return cursor.read<le64>();
    case pointer::sdata2:
      return static_cast<uint64_t>(int64_t{cursor.read<sle16>()});
    case pointer::sdata4:
      return static_cast<uint64_t>(int64_t{cursor.read<sle32>()});
    case pointer::sdata8:
      return cursor.read<le64>();
    default:
      cursor.error(fmt::format("pointer encoding {:#x} is not known", form));
      return 0;
  }
}

}  // namespace

std::optional<unsigned> pointer_width(uint8_t encoding, unsigned pointer_size) {
  switch (encoding & pointer::form_mask) {
    case pointer::absolute:
      return pointer_size;
    case pointer::udata2:
    case pointer::sdata2:
      return 2;
    case pointer::udata4:
    case pointer::sdata4:
      return 4;
    case pointer::udata8:
    case pointer::sdata8:
      return 8;
    default:
      return {};
  }
}

std::optional<uint64_t> read_pointer(Cursor& cursor, uint8_t encoding, const FrameSection& section,
                                     uint64_t function) {
  if (encoding == pointer::omit) return {};
  uint8_t relation = encoding & pointer::relation_mask;
  if (relation == pointer::aligned) {
    // The address, not the offset in the section, is what is aligned.
    uint64_t off = (section.vaddr + cursor.position()) & (section.pointer_size - 1);
    if (off) cursor.skip(section.pointer_size - off);
    return read_form(cursor, pointer::absolute, section.pointer_size);
  }
  uint64_t place = section.vaddr + cursor.position();
  uint64_t value = read_form(cursor, encoding & pointer::form_mask, section.pointer_size);
  if (cursor.failed()) return {};
  switch (relation) {
    case 0:
      break;
    case pointer::pcrel:
      value += place;
      break;
    case pointer::textrel:
      value += section.text_base;
      break;
    case pointer::datarel:
      value += section.data_base;
      break;
    case pointer::funcrel:
      value += function;
      break;
    default:
      cursor.error(fmt::format("pointer encoding {:#x} is not known", encoding));
      return {};
  }
  if (section.pointer_size == 4) value = static_cast<uint32_t>(value);
  return value;
}

}  // namespace inquest::unwind
