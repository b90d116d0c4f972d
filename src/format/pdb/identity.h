/// What tells one build's PDB from another's: the GUID and the age in it.
///
/// Reads the directory of the file (four bytes a block) and the heads of two streams. Source: LLVM
/// "The MSF File Format", "The PDB Info Stream", "The PDB DBI Stream". Values; safe from any
/// thread.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/integers.h"

namespace inquest::pdb {

struct Identity {
  std::string guid;                       ///< 32 upper-case hex digits, as SymSrv names folders
  uint32_t age = 0;                       ///< of the information stream; counts every rewriting
  std::optional<uint32_t> link_age = {};  ///< of the DBI stream: what the image repeats, when there
  uint32_t signature = 0;                 ///< time of its making, or a hash of the build

  /// GUID and age as the image has them, "3249D99D0C4049318610F4E4FB0B69361".
  std::string debug_id() const;
  /// Case does not matter. The information stream's age will do where tools (pdbstr) raised one.
  bool matches(std::string_view debug_id) const;
};

/// Fails on what is no PDB, on the formats before version 7, and on damage.
Result<Identity> read_identity(Bytes file, std::string name);

}  // namespace inquest::pdb
