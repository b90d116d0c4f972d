/// Writes a Snapshot as a minidump that every reader of minidumps takes, with some of its memory.
///
/// Source: minidumpapiset.h; Breakpad's minidump_format.h; Crashpad's minidump_extensions.h.
/// Everything that the Snapshot holds survives; what streams of others cannot hold goes into a
/// stream of our own (docs/cut.md). Pure; safe from any thread.
#pragma once

#include <vector>

#include "base/error.h"
#include "snapshot/snapshot.h"

namespace inquest::cut {

/// Offsets in a minidump have 32 bits.
inline constexpr uint64_t kLargestMinidump = UINT32_MAX - (1u << 20);

/// The file's bytes, with what `memory` has of `ranges` (ascending, disjoint). `memory` is the
/// Snapshot's own or one that was completed from files. Fails where the file would be larger than
/// kLargestMinidump.
Result<std::vector<std::byte>> write_minidump(const snapshot::Snapshot& snapshot,
                                              const snapshot::Memory& memory,
                                              const std::vector<AddressRange>& ranges);

}  // namespace inquest::cut
