/// Types below 0x1000: their index says all.
///
/// Source: Microsoft's cvinfo.h, TYPE_ENUM_e; LLVM "CodeView Type Records", simple type indices.
#pragma once

#include "symbols/types.h"

namespace inquest::symbols::pdb {

inline constexpr uint32_t kFirstRecordIndex = 0x1000;
inline constexpr uint32_t kVoid = 3;

/// Of an index below kFirstRecordIndex. A pointer's target is the index of its pointee.
Type simple_type(uint32_t index);

}  // namespace inquest::symbols::pdb
