/// The streams of a minidump, each from its part of a Snapshot. Internal to cut.
///
/// Source: minidumpapiset.h; Breakpad's minidump_format.h; Crashpad's minidump_extensions.h. Parts
/// that the Snapshot lacks make no stream.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cut/dump_file.h"
#include "snapshot/snapshot.h"

namespace inquest::cut {

/// Memory that was put into the file: an ascending, disjoint list.
struct PutMemory {
  AddressRange range;
  uint32_t offset = 0;
};

/// System, process, comments.
void put_system(DumpFile& file, const snapshot::Snapshot& snapshot);
void put_process(DumpFile& file, const snapshot::Snapshot& snapshot);
void put_comment(DumpFile& file, const snapshot::Snapshot& snapshot);
void put_crashpad(DumpFile& file, const snapshot::Snapshot& snapshot);
/// Threads with contexts, stacks and names; the exception.
void put_threads(DumpFile& file, const snapshot::Snapshot& snapshot,
                 const std::vector<PutMemory>& memory);
/// Modules, unloaded ones, and where the loader put those of Linux.
void put_modules(DumpFile& file, const snapshot::Snapshot& snapshot);
void put_handles(DumpFile& file, const snapshot::Snapshot& snapshot);
/// The map of the address space: Linux' text, or Windows' list.
void put_regions(DumpFile& file, const snapshot::Snapshot& snapshot);
void put_memory_list(DumpFile& file, const std::vector<PutMemory>& memory);
/// What no stream of others holds, in JSON: see docs/cut.md.
void put_note(DumpFile& file, const snapshot::Snapshot& snapshot);

}  // namespace inquest::cut
