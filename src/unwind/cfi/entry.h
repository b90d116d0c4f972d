/// The records of call frame information: CIE (what many functions share) and FDE (one function).
///
/// Source: DWARF 5, 6.4.1; LSB 5.0 Core, 10.6.1. Values over borrowed bytes.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "unwind/cfi/section.h"

namespace inquest::unwind {

/// What begins each record, decoded as far as CIE and FDE share it.
struct EntryHeader {
  uint64_t offset = 0;       ///< of the record
  uint64_t body = 0;         ///< of what follows the id
  uint64_t end = 0;          ///< past the record
  bool is_end_mark = false;  ///< a length of zero
  bool is_cie = false;
  uint64_t cie = 0;  ///< of an FDE: its CIE's offset
};

struct Cie {
  uint64_t offset = 0;
  uint64_t code_align = 1;
  int64_t data_align = 1;
  uint64_t return_column = 0;
  uint8_t pointer_encoding = pointer::absolute;  ///< 'R'
  uint8_t lsda_encoding = pointer::omit;         ///< 'L'
  unsigned address_size = 8;
  bool has_augmentation_data = false;  ///< 'z'
  bool signal_frame = false;           ///< 'S'
  Bytes program = {};                  ///< initial instructions
  uint64_t program_offset = 0;         ///< of program[0] in the section
};

struct Fde {
  uint64_t offset = 0;
  uint64_t begin = 0, end = 0;  ///< virtual addresses, half-open
  Bytes program = {};
  uint64_t program_offset = 0;
  bool contains(uint64_t vaddr) const { return begin <= vaddr && vaddr < end; }
};

/// Fails where no record can begin; `end` is then not known, and a scan cannot go on.
Result<EntryHeader> read_header(const FrameSection& section, uint64_t offset);
Result<Cie> read_cie(const FrameSection& section, uint64_t offset);
/// `cie` is the one that the header names.
Result<Fde> read_fde(const FrameSection& section, const EntryHeader& header, const Cie& cie);

struct FdeWithCie {
  Fde fde;
  Cie cie;
};
Result<FdeWithCie> read_fde(const FrameSection& section, uint64_t offset);

}  // namespace inquest::unwind
