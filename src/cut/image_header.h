/// The parts of an ELF image that tell what it is: its header, program headers and notes, among
/// them the build id. Internal to cut.
#pragma once

#include <vector>

#include "snapshot/memory.h"

namespace inquest::cut {

/// Inside `image`; empty when no header is there. Source: <elf.h>.
std::vector<AddressRange> image_header(const snapshot::Memory& memory, AddressRange image);

}  // namespace inquest::cut
