/// Source lines of one module: the C13 subsections of its stream.
///
/// Source: LLVM "CodeView Line Info"; Microsoft's cvinfo.h. Borrowed bytes.
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "symbols/line_runs.h"
#include "symbols/pdb/pdb_file.h"

namespace inquest::symbols::pdb {

/// Where the body of an inlined function begins.
struct InlineeLine {
  uint32_t file = 0;  ///< offset of its checksum record
  uint32_t line = 0;
};

struct ModuleLines {
  std::vector<LinePiece> pieces;  ///< sorted by begin; `file` is the offset of a checksum record
  std::unordered_map<uint32_t, InlineeLine> inlinees;  ///< by id
  Bytes checksums;
  Bytes imports;  ///< CrossImports: ids that stand in other modules (link-time code generation)
};
ModuleLines read_lines(const PdbFile& pdb, Bytes c13);

/// The part of a module's stream that holds the C13 subsections.
Bytes c13_of(const ModuleInfo& module, Bytes stream);
/// One subsection; empty when absent.
Bytes subsection(Bytes c13, uint32_t kind);

/// The name of a file by the offset of its checksum record; empty when unknown.
std::string_view file_name(const PdbFile& pdb, Bytes checksums, uint32_t offset);

/// The piece that holds `rva`, else the last before it; null when there is none. `pieces` are
/// sorted by begin.
const LinePiece* line_at(const std::vector<LinePiece>& pieces, uint32_t rva);

}  // namespace inquest::symbols::pdb
