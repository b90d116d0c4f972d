/// An ELF image as it lies in the dead process: header and segments in memory. Internal to ingest.
#pragma once

#include <optional>
#include <vector>

#include "format/elf/file.h"
#include "snapshot/snapshot.h"

namespace inquest::ingest {

struct MemoryImage {
  uint16_t type = 0;   ///< ET_EXEC or ET_DYN
  uint64_t bias = 0;   ///< address = p_vaddr + bias
  AddressRange range;  ///< of all PT_LOADs, to page boundaries
  std::vector<elf::Segment> segments;
  std::vector<std::byte> build_id;  ///< empty when its note is not recorded
};

/// Absent unless an ELF header of an image that can be loaded begins at `base`.
std::optional<MemoryImage> read_memory_image(const snapshot::Memory& memory, Address base,
                                             snapshot::Arch arch);

/// The architecture of an e_machine; absent when not one of ours.
std::optional<snapshot::Arch> arch_of(uint16_t machine, bool is_64);

}  // namespace inquest::ingest
