/// 32-bit x86 Windows: frames by frame data programs (STACK WIN 4) and FPO records (STACK WIN 0).
///
/// Source: Breakpad "symbol_files.md", "STACK WIN records", and "stack_walking.md"; Microsoft
/// IDiaFrameData, FPO_DATA.
#pragma once

#include "format/breakpad/frame_rules.h"
#include "unwind/cfi/execute.h"
#include "unwind/space.h"
#include "unwind/words.h"

namespace inquest::unwind {

/// `callee_parameters`: bytes of arguments that this frame had pushed for the call that it is in;
/// 0 for the innermost frame. `exact`: pc is the instruction itself.
Executed execute(const Space& space, const breakpad::WinFrame& frame, uint64_t frame_rva,
                 const snapshot::Registers& callee, uint32_t callee_parameters, bool exact,
                 Words& words);

}  // namespace inquest::unwind
