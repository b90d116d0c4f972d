/// CodeView's numbers of registers -> ours.
///
/// Source: Microsoft's cvinfo.h, CV_HREG_e. Only general registers; parts of them count as whole.
#pragma once

#include <optional>

#include "snapshot/registers.h"

namespace inquest::symbols::pdb {

/// IMAGE_FILE_MACHINE_*.
enum Machine : uint16_t { kX86 = 0x14c, kX64 = 0x8664, kArm64 = 0xaa64 };

std::optional<snapshot::Register> register_of(uint16_t machine, uint16_t cv_register);

/// S_FRAMEPROC's two bits for the register that locals (or parameters) are addressed by.
std::optional<snapshot::Register> frame_register(uint16_t machine, uint32_t encoded);

}  // namespace inquest::symbols::pdb
