/// One step outward by what is known for certain: unwind data, or the kernel's signal frame.
#pragma once

#include "unwind/space.h"
#include "unwind/words.h"

namespace inquest::unwind {

/// What a step yields, and what went wrong in the words of Stack::note.
struct Stepped {
  enum class Status : uint8_t { caller, outermost, failed };
  Status status = Status::failed;
  Address cfa = {};
  snapshot::Registers caller = {};  ///< for `caller`
  bool signal_frame = false;        ///< the callee is a trampoline: caller's pc is exact
  Trust trust = Trust::cfi;
  float confidence = 1;
  End end = End::no_rule;        ///< for `failed`
  std::string_view reason = {};  ///< for `failed`; a literal
};

/// Never guesses: a caller whose pc is not code is a failure. `callee_parameters`: bytes of
/// arguments that this frame had pushed for the call that it is in, where its rules count with them
/// (32-bit Windows).
Stepped step_by_rule(const Space& space, Words& words, const snapshot::Registers& callee,
                     const PcFacts& facts, uint32_t callee_parameters = 0);

/// What the rules make of a guessed frame, best first.
enum class Consequence : uint8_t {
  confirmed,  ///< they lead to another return address behind a call, or to the thread's beginning
  plausible,  ///< they lead to code that the dump does not hold
  unknown,    ///< there are none
  refuted,    ///< they lead nowhere
};
Consequence consequence(const Space& space, Words& words, const snapshot::Registers& guess,
                        uint32_t callee_parameters = 0);

}  // namespace inquest::unwind
