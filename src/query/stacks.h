/// The stacks of all threads as rows: a row a call, inlined calls on their own.
///
/// Names are looked up once an address, not once a frame. Borrows the process; safe from any
/// thread.
#pragma once

#include <vector>

#include "cause/process.h"

namespace inquest::query {

struct Call {
  uint32_t stack = 0;  ///< index of the thread in the snapshot
  uint32_t frame = 0;  ///< index in unwind::Stack::frames
  uint32_t depth = 0;  ///< of the row in its thread: 0 is the innermost call
  uint32_t place = 0;  ///< index in Stacks::places
  uint32_t inner = 0;  ///< which call of the frame: 0 is the innermost
};

struct Stacks {
  std::vector<Call> calls;  ///< by thread id ascending, then innermost first
  std::vector<cause::Located> places;
  std::vector<uint32_t> depths;  ///< rows of each thread, in the snapshot's order

  /// Null when nothing names the call.
  const symbols::SourceFrame* source(const Call& call) const;

  static Stacks find(const cause::Process& process);
};

}  // namespace inquest::query
