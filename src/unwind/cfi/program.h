/// Runs an FDE's instructions up to one address: bytes -> Row.
///
/// Source: DWARF 5, 6.4.2 and 6.4.3; GNU and AArch64 extensions. One pass, no allocation beyond the
/// row and the stack of remembered states, which is capped.
#pragma once

#include "base/error.h"
#include "snapshot/registers.h"
#include "unwind/cfi/entry.h"
#include "unwind/cfi/rule.h"

namespace inquest::unwind {

/// The rules at `vaddr`, which lies in the FDE. Fails on damaged instructions.
Result<Row> decode_row(const FrameSection& section, const FdeWithCie& entry, snapshot::Arch arch,
                       uint64_t vaddr);

}  // namespace inquest::unwind
