/// What a Windows process was started with, from its own memory. Internal to ingest.
#pragma once

#include "snapshot/snapshot.h"

namespace inquest::ingest {

/// Fills process.arguments (the command line) where a TEB, the PEB and the process's parameters are
/// in the dump: full-memory dumps, and those with MiniDumpWithProcessThreadData. Does nothing
/// otherwise. Needs threads and memory.
void read_process_parameters(snapshot::Snapshot& snapshot);

}  // namespace inquest::ingest
