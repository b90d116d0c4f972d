/// Variables of the functions of a PDB: which are in scope, and where they are.
#pragma once

#include <vector>

#include "symbols/pdb/codeview.h"
#include "symbols/pdb/pdb_file.h"
#include "symbols/pdb/type_graph.h"

namespace inquest::symbols::pdb {

/// Parameters and locals of the function and the inlined calls at `rva`. `symbols`: the records of
/// the module that the address belongs to, as they stand in its stream.
std::vector<Variable> variables_in(const PdbFile& pdb, TypeGraph& types, Bytes symbols,
                                   uint32_t rva, const FrameAccess& frame);

/// What the function at `rva` returns; 0 for void and when there is no such function.
uint32_t result_type_of(const PdbFile& pdb, TypeGraph& types, Bytes symbols, uint32_t rva);

}  // namespace inquest::symbols::pdb
