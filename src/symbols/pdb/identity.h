/// Which build a PDB belongs to. Light: for what need not read the rest.
#pragma once

#include <string>

#include "base/mapped_file.h"

namespace inquest::symbols {

/// The GUID in 32 upper-case hex digits and the age in hex, as SymSrv names folders and as
/// pe::CodeView::debug_id; empty when the file is no PDB. The age is that of the DBI stream, which
/// is what the linker writes into the image.
std::string pdb_debug_id(const MappedFile& pdb);

}  // namespace inquest::symbols
