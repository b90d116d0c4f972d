/// Streams that a PDB knows by name: "/names", "srcsrv", "sourcelink", "/src/headerblock"...
///
/// Source: LLVM "The PDB Info (aka the PDB) Stream", "Named Stream Map". Values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "format/pdb/msf.h"

namespace inquest::pdb {

struct NamedStream {
  std::string name;
  uint32_t stream = 0;
};

/// In the file's order; what is damaged is left out.
std::vector<NamedStream> named_streams(const Msf& msf);
std::optional<uint32_t> named_stream(const Msf& msf, std::string_view name);

}  // namespace inquest::pdb
