/// FPO and frame data of a PDB -> rules to find callers by.
///
/// Source: FPO_DATA of winnt.h; FRAMEDATA of Microsoft's cvinfo.h (microsoft-pdb).
#pragma once

#include <memory>

#include "base/mapped_file.h"
#include "format/breakpad/frame_rules.h"

namespace inquest::symbols {

/// Null when there are none, as in every PDB that is not of x86.
std::shared_ptr<const breakpad::FrameRules> read_pdb_frame_rules(
    std::shared_ptr<const MappedFile> pdb);

}  // namespace inquest::symbols
