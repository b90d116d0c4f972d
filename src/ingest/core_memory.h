/// The PT_LOAD segments of a core as memory and regions. Internal to ingest.
#pragma once

#include <memory>

#include "base/mapped_file.h"
#include "format/elf/file.h"
#include "ingest/core_notes.h"
#include "snapshot/snapshot.h"

namespace inquest::ingest {

/// Fills `memory` and `regions` (ascending, disjoint), joined with the mapped files' names; says
/// in `complete` and `warnings` what of the core is missing.
void read_core_memory(const elf::File& core, const CoreNotes& notes,
                      std::shared_ptr<const MappedFile> file, snapshot::Snapshot& snapshot);

/// Names what no file backs, where that can be told: "[stack]", "[stack:TID]", "[heap]", "[vdso]",
/// "[vvar]". Needs threads and modules.
void name_regions(snapshot::Snapshot& snapshot);

/// "12.3 MB", for messages.
std::string in_megabytes(uint64_t bytes);

}  // namespace inquest::ingest
