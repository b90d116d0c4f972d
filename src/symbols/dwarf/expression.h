/// Evaluates DWARF location expressions against one frame of the dead process.
///
/// Steps, stack and nesting are bounded. What cannot be known is "optimised out".
/// Source: DWARF 5, 2.5 and 2.6; GNU extensions that gcc still writes with -gdwarf-4.
#pragma once

#include <functional>
#include <optional>

#include "base/integers.h"
#include "symbols/types.h"

namespace inquest::symbols {

struct ExpressionContext {
  const FrameAccess& frame;
  unsigned address_size = 8;
  unsigned offset_size = 4;
  uint16_t version = 5;
  /// .debug_addr's entry of an index, a virtual address of the file.
  std::function<std::optional<uint64_t>(uint64_t)> indexed_address;
  /// DW_AT_frame_base of the function, as an expression; empty when none.
  Bytes frame_base;
  /// Where the module's thread-local block begins, from the thread pointer; absent when unknown.
  std::optional<int64_t> tls_block;
};

Place evaluate(Bytes expression, const ExpressionContext& context);

}  // namespace inquest::symbols
