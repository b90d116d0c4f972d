/// The unwind codes of ARM64: bytes, or the fields of a packed entry -> codes.
#pragma once

#include "format/pe/arm64_unwind.h"

namespace inquest::pe {

/// All codes of `bytes`, and where each begins, for epilogues that start amidst them.
struct Arm64CodeList {
  std::vector<Arm64Code> codes;
  std::vector<uint16_t> offsets;  ///< of each code in the bytes
};
Arm64CodeList decode_arm64_codes(Bytes bytes);

/// The second word of a packed entry, whose prologue is the canonical one.
Arm64Function expand_packed_arm64(uint32_t begin, uint32_t packed);

}  // namespace inquest::pe
