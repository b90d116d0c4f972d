/// Going on where no rule helps: each way looks for a return address, checks that a call precedes
/// it, and says how sure it is.
///
/// Source of the idea that a word which follows a call in code is a return address: every stack
/// scanner; of weighing it by where the call goes and what the rules make of it: ours.
#pragma once

#include <optional>

#include "unwind/space.h"
#include "unwind/step.h"
#include "unwind/words.h"

namespace inquest::unwind {

/// A caller that was found otherwise than by a rule.
struct Recovered {
  snapshot::Registers caller = {};
  Address cfa = {};  ///< of the callee
  Trust trust = Trust::recovered;
  float confidence = 0;
  bool outermost = false;  ///< there is no caller: the chain of frame pointers ends
};

/// What a whole walk may spend on guessing, so that hostile stacks stay cheap.
struct Budget {
  size_t words = size_t{1} << 19;
  size_t candidates = 1 << 12;
};

/// Of a pc that is no code, after a call through a null or wild pointer: the call has just been
/// made, so that the return address is on top of the stack, or in the link register.
std::optional<Recovered> after_bad_call(const Space& space, Words& words,
                                        const snapshot::Registers& registers);

/// Of an exact pc at a function's first or last instructions, by its code.
std::optional<Recovered> by_standing(const Space& space, Words& words,
                                     const snapshot::Registers& registers);

/// By the frame record that the frame pointer points to.
std::optional<Recovered> by_frame_pointer(const Space& space, Words& words,
                                          const snapshot::Registers& registers);

/// What a scan looks for and where.
struct ScanRequest {
  snapshot::Registers callee;
  std::optional<Address> function;  ///< where the callee's function begins, when known
  Address from;                     ///< the first slot
  size_t words = 1024;              ///< how many
  float enough = 0.7f;              ///< the first candidate so sure is taken
  float least = 0;                  ///< nothing less sure is taken
  uint32_t parameters = 0;          ///< bytes of the callee's arguments, when known
  bool is_exact = false;            ///< the callee's pc is no return address itself
};
std::optional<Recovered> by_scan(const Space& space, Words& words, const ScanRequest& request,
                                 Budget& budget);

/// Where the stack of a thread may be whose stack pointer is garbage.
struct StackChoice {
  Address from;  ///< the lowest slot worth looking at
  size_t words = 0;
  std::string reason;  ///< for people
};
std::optional<StackChoice> choose_stack(const Space& space, const snapshot::Registers& registers,
                                        std::optional<uint64_t> thread_pointer, bool is_main);
/// Whether `sp` points to what can be a stack: readable, and not code.
bool plausible_stack(const Space& space, Address sp);

}  // namespace inquest::unwind
