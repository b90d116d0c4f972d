#include "unwind/cfi/entry.h"

namespace inquest::unwind {
namespace {

std::string_view section_name(const FrameSection& section) {
  return section.eh ? ".eh_frame" : ".debug_frame";
}

/// A cursor over the section that ends where the record does, so that offsets stay the section's.
Cursor cursor_in(const FrameSection& section, const EntryHeader& header) {
  Cursor cursor(section.bytes.first(header.end), section_name(section));
  cursor.seek(header.body);
  return cursor;
}

/// Longer augmentations do not exist; the cap keeps reading a CIE at constant cost.
constexpr size_t kLongestAugmentation = 32;

/// The data of a 'z' augmentation, one item a letter. An unknown letter ends what can be read, and
/// does no harm: the length says where the instructions begin.
void read_augmentation(Cursor& cursor, std::string_view letters, const FrameSection& section,
                       Cie& cie) {
  for (char letter : letters) {
    switch (letter) {
      case 'R':
        cie.pointer_encoding = static_cast<uint8_t>(cursor.read<u8>());
        break;
      case 'L':
        cie.lsda_encoding = static_cast<uint8_t>(cursor.read<u8>());
        break;
      case 'P': {
        auto encoding = static_cast<uint8_t>(cursor.read<u8>());
        read_pointer(cursor, encoding, section);
        break;
      }
      case 'S':
        cie.signal_frame = true;
        break;
      case 'B':  // AArch64: return addresses are signed with the B key
      case 'G':
        break;  // AArch64: memory-tagged stack frame
      default:
        return;
    }
  }
}

}  // namespace

Result<EntryHeader> read_header(const FrameSection& section, uint64_t offset) {
  Cursor cursor(section.bytes, section_name(section));
  cursor.seek(offset);
  EntryHeader header{.offset = offset};
  uint64_t length = cursor.read<le32>();
  bool dwarf64 = length == 0xffffffff;
  if (dwarf64) length = cursor.read<le64>();
  TRY(cursor.finish());
  header.body = header.end = cursor.position();
  if (length == 0) {
    header.is_end_mark = true;
    return header;
  }
  if (length > cursor.remaining()) {
    cursor.error(
        fmt::format("a record claims {} bytes, but {} remain", length, cursor.remaining()));
    TRY(cursor.finish());
  }
  header.end = cursor.position() + length;

  uint64_t id_at = cursor.position();
  bool wide_id = dwarf64 && !section.eh;
  uint64_t id = wide_id ? uint64_t{cursor.read<le64>()} : uint64_t{cursor.read<le32>()};
  if (cursor.position() > header.end) cursor.error("a record too short for its id");
  TRY(cursor.finish());
  header.body = cursor.position();
  if (section.eh) {
    header.is_cie = id == 0;
    header.cie = id_at - id;  // wraps for a bad id; then no record is there
  } else {
    header.is_cie = id == (wide_id ? ~uint64_t{0} : 0xffffffff);
    header.cie = id;
  }
  return header;
}

Result<Cie> read_cie(const FrameSection& section, uint64_t offset) {
  EntryHeader header = TRY(read_header(section, offset));
  if (!header.is_cie) return fail("a CIE was expected, but another record is there");
  Cursor cursor = cursor_in(section, header);
  Cie cie{.offset = offset, .address_size = section.pointer_size};
  auto version = static_cast<uint8_t>(cursor.read<u8>());
  if (version != 1 && version != 3 && version != 4) {
    cursor.error(fmt::format("CIE version {} is not known", version));
  }
  std::string_view augmentation = cursor.c_string();
  if (augmentation.size() > kLongestAugmentation) cursor.error("augmentation too long");
  if (augmentation.starts_with("eh")) {
    cursor.skip(section.pointer_size);  // gcc 2: a pointer to the exception table
    augmentation.remove_prefix(2);
  }
  if (version >= 4) {
    cie.address_size = static_cast<uint8_t>(cursor.read<u8>());
    auto segment_size = static_cast<uint8_t>(cursor.read<u8>());
    if (cie.address_size != 4 && cie.address_size != 8) cursor.error("address size is not 4 or 8");
    if (segment_size != 0) cursor.error("segmented addresses are not known");
  }
  cie.code_align = cursor.uleb128();
  cie.data_align = cursor.sleb128();
  cie.return_column = version == 1 ? uint64_t{cursor.read<u8>()} : cursor.uleb128();
  if (augmentation.starts_with('z')) {
    cie.has_augmentation_data = true;
    uint64_t length = cursor.uleb128();
    uint64_t after = cursor.position() + length;
    if (length > cursor.remaining()) cursor.error("augmentation data outside the CIE");
    read_augmentation(cursor, augmentation.substr(1), section, cie);
    cursor.seek(after);
  } else if (!augmentation.empty()) {
    cursor.error("augmentation without a length is not known");
  }
  cie.program_offset = cursor.position();
  cie.program = cursor.take(cursor.remaining());
  TRY(cursor.finish());
  return cie;
}

Result<Fde> read_fde(const FrameSection& section, const EntryHeader& header, const Cie& cie) {
  Cursor cursor = cursor_in(section, header);
  Fde fde{.offset = header.offset};
  FrameSection own = section;
  own.pointer_size = cie.address_size;
  if (cie.pointer_encoding & pointer::indirect) cursor.error("indirect code address");
  auto begin = read_pointer(cursor, cie.pointer_encoding, own);
  auto length = read_pointer(cursor, cie.pointer_encoding & pointer::form_mask, own);
  if (!begin || !length) cursor.error("FDE without code address");
  if (cie.has_augmentation_data) cursor.skip(cursor.uleb128());
  fde.program_offset = cursor.position();
  fde.program = cursor.take(cursor.remaining());
  TRY(cursor.finish());
  fde.begin = *begin;
  fde.end = *begin + *length;
  if (fde.end < fde.begin) fde.end = ~uint64_t{0};
  return fde;
}

Result<FdeWithCie> read_fde(const FrameSection& section, uint64_t offset) {
  EntryHeader header = TRY(read_header(section, offset));
  if (header.is_end_mark || header.is_cie) return fail("an FDE was expected");
  Cie cie = TRY(read_cie(section, header.cie));
  return FdeWithCie {
    .fde = TRY(read_fde(section, header, cie))
    , .cie = cie
  };
}

}  // namespace inquest::unwind
