/// Minidumps: of Windows, Breakpad, Crashpad, Wine. x86, x86-64, ARM, ARM64; of Windows and Linux
/// (macOS as far as the records go).
///
/// Source: see format/minidump/records.h.
#pragma once

#include <memory>

#include "base/error.h"
#include "base/mapped_file.h"
#include "snapshot/snapshot.h"

namespace inquest::ingest {

/// The Snapshot borrows memory from `file`, which it keeps alive.
///
/// Beyond what every reader fills: `unloaded`, `handles`, `system`, and as annotations
/// "comment", "assertion", "crashpad.KEY", "crashpad.MODULE.KEY", "vm.*" (bytes), "process.*",
/// "exception.address" and "exception.flags" (hex), "dump" = "requested" where nothing died, and
/// "address_space" = "partial" where regions are only what the dump holds: no region at an address
/// then says nothing about it. Regions named "[guard]" and "[reserved]" cannot be accessed.
Result<snapshot::Snapshot> read_minidump(std::shared_ptr<const MappedFile> file);

}  // namespace inquest::ingest
