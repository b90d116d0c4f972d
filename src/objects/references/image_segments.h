/// The program headers of loaded ELF images, from the memory that the dump has of them.
///
/// Source: System V ABI, "Program Header". Pure functions.
#pragma once

#include <elf.h>
#include <optional>
#include <vector>

#include "snapshot/snapshot.h"

namespace inquest::objects {

/// Of a 64-bit ELF image, in its order, at most 64; empty where the dump has none.
std::vector<Elf64_Phdr> image_segments(const snapshot::Memory& memory,
                                       const snapshot::Module& module);

/// Past the last page of the image, its .bss included, which may lie behind `module.range`; absent
/// where the dump does not have the headers.
std::optional<Address> image_end(const snapshot::Memory& memory, const snapshot::Module& module);

}  // namespace inquest::objects
