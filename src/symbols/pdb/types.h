/// Types and variables from a PDB: the TPI stream, the global symbols, the symbols of functions.
///
/// Source: LLVM "The PDB TPI and IPI Streams", "CodeView Type Records"; Microsoft's cvinfo.h.
#pragma once

#include <memory>

#include "symbols/pdb/pdb_file.h"
#include "symbols/types.h"

namespace inquest::symbols::pdb {

/// Null when the PDB has no types. Reads nothing until it is asked.
std::unique_ptr<TypeReader> open_types(std::shared_ptr<const PdbFile> pdb);

}  // namespace inquest::symbols::pdb
