/// Whether a unit's DIEs lie inside the unit. LLVM 19 does not look: after an attribute that claims
/// to be longer than the file, it reads the next one from wherever that leads. So nothing of a unit
/// is read by LLVM before it passed here. Includes LLVM: only for the .cc files of this folder.
#pragma once

#include <llvm/DebugInfo/DWARF/DWARFContext.h>

namespace inquest::symbols {

enum class UnitPart : uint8_t {
  head,   ///< the first DIE
  whole,  ///< all
};

/// Linear in the bytes looked at. For one thread at a time: abbreviations are read when first
/// needed.
bool lies_inside(const llvm::DWARFUnit& unit, UnitPart part);

}  // namespace inquest::symbols
