/// The variables in scope at an address, with their places. Includes LLVM: only for the .cc files
/// of this folder.
#pragma once

#include "symbols/dwarf/type_store.h"

namespace inquest::symbols {

std::vector<Variable> variables_at(TypeStore& store, Rva rva, const FrameAccess& frame);

/// The type that the function at rva returns; null for void and when it is not known.
llvm::DWARFDie result_type(TypeStore& store, Rva rva);

/// The first location of a variable that is a fixed address, as the file's virtual address.
std::optional<uint64_t> fixed_address(TypeStore& store, const llvm::DWARFDie& variable);

}  // namespace inquest::symbols
