/// Executes a row: a frame's registers -> its caller's.
#pragma once

#include "unwind/cfi/rule.h"
#include "unwind/words.h"

namespace inquest::unwind {

struct Executed {
  enum class Status : uint8_t {
    done,
    outermost,  ///< the return address is said to be undefined: nobody called this
    no_cfa,     ///< a register or memory that the CFA needs is not known
    no_memory,  ///< the return address could not be read
    no_return,  ///< nothing says where the return address is
  };
  Status status = Status::done;
  Address cfa = {};
  /// pc and sp set; registers that the callee did not keep are absent.
  snapshot::Registers caller = {};
};

Executed execute(const Row& row, const snapshot::Registers& callee, Words& memory);

}  // namespace inquest::unwind
