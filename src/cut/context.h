/// Registers as a CONTEXT of Windows, or as Breakpad has it for Linux. Internal to cut.
///
/// Source: winnt.h; Breakpad's minidump_cpu_{x86,amd64,arm,arm64}.h. The Snapshot has neither
/// flags nor segments: they are zero, and the parts that hold them are marked as far as they are
/// there.
#pragma once

#include <vector>

#include "snapshot/snapshot.h"

namespace inquest::cut {

/// Without registers it has the processor's mark and no parts.
std::vector<std::byte> context_of(const snapshot::Thread& thread, snapshot::Os os);

}  // namespace inquest::cut
