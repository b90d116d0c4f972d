/// A section of call frame information: `.eh_frame` or `.debug_frame`, and how its pointers are
/// read.
///
/// Source: LSB 5.0 Core, 10.5 and 10.6 (DW_EH_PE, .eh_frame, .eh_frame_hdr); DWARF 5, 6.4.1.
/// Values; everything is in the file's virtual addresses. Borrowed bytes.
#pragma once

#include <cstdint>
#include <optional>

#include "base/cursor.h"
#include "base/integers.h"

namespace inquest::unwind {

struct FrameSection {
  Bytes bytes = {};
  uint64_t vaddr = 0;         ///< of bytes[0]; what DW_EH_PE_pcrel counts from
  bool eh = true;             ///< .eh_frame's form; false: .debug_frame's
  unsigned pointer_size = 8;  ///< of the file's class: 4 or 8
  uint64_t text_base = 0;     ///< DW_EH_PE_textrel
  uint64_t data_base = 0;     ///< DW_EH_PE_datarel
};

/// DW_EH_PE_*: the low four bits say the form, the next three what the value is relative to.
namespace pointer {
inline constexpr uint8_t absolute = 0x00, uleb = 0x01, udata2 = 0x02, udata4 = 0x03, udata8 = 0x04,
                         sleb = 0x09, sdata2 = 0x0a, sdata4 = 0x0b, sdata8 = 0x0c;
inline constexpr uint8_t pcrel = 0x10, textrel = 0x20, datarel = 0x30, funcrel = 0x40,
                         aligned = 0x50, indirect = 0x80, omit = 0xff;
inline constexpr uint8_t form_mask = 0x0f, relation_mask = 0x70;
}  // namespace pointer

/// The next encoded pointer of a cursor over the section's bytes; absent for DW_EH_PE_omit. An
/// indirect pointer yields the address of the pointer, which lies in memory and not in the file.
/// Unknown encodings stick as the cursor's error.
std::optional<uint64_t> read_pointer(Cursor& cursor, uint8_t encoding, const FrameSection& section,
                                     uint64_t function = 0);

/// The size of an encoded pointer in bytes; absent for the forms of variable length.
std::optional<unsigned> pointer_width(uint8_t encoding, unsigned pointer_size);

}  // namespace inquest::unwind
