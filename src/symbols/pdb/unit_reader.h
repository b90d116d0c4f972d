/// One module (object file) of a PDB -> UnitSymbols.
#pragma once

#include "symbols/pdb/names.h"
#include "symbols/pdb/pdb_file.h"
#include "symbols/unit_symbols.h"

namespace inquest::symbols::pdb {

/// `owned`: the code that is the module's, sorted and disjoint.
UnitSymbols read_unit(const PdbFile& pdb, Names& names, uint32_t module,
                      const std::vector<CodeRange>& owned);

/// Name and version of the compiler, by S_COMPILE3 or S_COMPILE2; empty when not told.
std::string compiler_of(const PdbFile& pdb, uint32_t module);

}  // namespace inquest::symbols::pdb
