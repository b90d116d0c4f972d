/// How to get from a frame's registers to its caller's: the decoded form of call frame information.
///
/// Decode into a Row once, execute it often (`execute.h`). Values; expressions are borrowed bytes
/// of the section.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/integers.h"
#include "snapshot/registers.h"

namespace inquest::unwind {

/// The canonical frame address: the value of sp before the call.
struct CfaRule {
  enum class Kind : uint8_t {
    none,             ///< not said: the row cannot be executed
    register_offset,  ///< cfa = reg + offset
    expression,       ///< cfa = expression()
  };
  Kind kind = Kind::none;
  uint8_t reg = 0;
  int64_t offset = 0;
  Bytes expression = {};
};

/// Where the caller's value of one register is.
struct RegisterRule {
  enum class Kind : uint8_t {
    undefined,       ///< lost
    same,            ///< unchanged
    offset,          ///< *(cfa + offset)
    val_offset,      ///< cfa + offset
    other_register,  ///< other
    at_register,     ///< *(other + offset)
    expression,      ///< *expression(cfa)
    val_expression,  ///< expression(cfa)
  };
  Kind kind = Kind::undefined;
  snapshot::Register reg = 0;
  uint8_t other = 0;
  int64_t offset = 0;
  Bytes expression = {};
};

/// The rules in force at one instruction.
struct Row {
  CfaRule cfa = {};
  std::vector<RegisterRule> registers = {};  ///< those that are said, ascending by number
  snapshot::Register return_column = 0;
  bool return_signed = false;  ///< AArch64: the return address carries a pointer signature
  bool signal_frame = false;
  unsigned pointer_size = 8;
  uint64_t begin = 0, end = 0;  ///< the function's virtual addresses, half-open
  /// Where the function is entered, where this is another part of it (Windows images).
  std::optional<uint64_t> entry = {};
  bool from_image = false;  ///< of a Windows image's unwind data rather than of DWARF's
};

}  // namespace inquest::unwind
