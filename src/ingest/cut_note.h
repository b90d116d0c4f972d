/// The stream that `inquest cut` adds to its minidumps: what the source said and no other stream
/// holds. Internal to ingest.
///
/// Type 0x49510001, JSON; written by cut/note.cc, documented in docs/cut.md.
#pragma once

#include <string_view>

#include "snapshot/snapshot.h"

namespace inquest::ingest {

/// Overrides what the other streams said. Text that is damaged or not of this shape changes
/// nothing.
void apply_cut_note(std::string_view text, snapshot::Snapshot& snapshot);

}  // namespace inquest::ingest
