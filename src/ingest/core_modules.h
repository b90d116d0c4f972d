/// Which images were loaded, from the mapped files, memory and the dynamic linker's list. Internal
/// to ingest.
#pragma once

#include "ingest/core_notes.h"
#include "snapshot/snapshot.h"

namespace inquest::ingest {

/// Fills `modules`. Needs memory, regions and auxv.
void find_modules(const CoreNotes& notes, snapshot::Snapshot& snapshot);

}  // namespace inquest::ingest
