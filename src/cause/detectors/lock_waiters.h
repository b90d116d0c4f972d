/// The threads that wait for what another thread (or nobody any more) holds, and how that is said.
///
/// Values that borrow nothing. Any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "answer/answer.h"
#include "cause/calls.h"
#include "cause/runtime/lock.h"

namespace inquest::cause {

struct Waiter {
  size_t thread = 0;  ///< index in the snapshot
  std::vector<Call> calls = {};
  LockState lock;
  bool timed = false;
  /// Its edges lead to threads that may hold the lock: for reading, or as makers of a static.
  bool holders_guessed = false;
  /// Why it is most likely itself who holds for reading what it wants to write.
  std::optional<std::string> holds_itself = {};
};

/// On Linux (x86-64) those in futex(2), on Windows those in EnterCriticalSection.
std::vector<Waiter> lock_waiters(const Process& process);

/// Where the thread waits, as place_of says it; empty where none of its calls is the program's own.
std::string where_waits(const Process& process, const Waiter& waiter);

/// What the waiter waits for, in words: in full ("the global `a` (mutex at 0x55...)") and brief.
struct LockWords {
  std::string full, brief;
};
LockWords words_of_lock(const Process& process, const Waiter& waiter, const Waiter& holder);

/// "thread `io` (12) waits in `flush` (log.cc:7) for the global `a`, held by thread `tick` (13)".
std::string waits_for(const Process& process, const Waiter& waiter, const Waiter& holder,
                      const std::string& brief);
answer::Evidence wait_of(const Process& process, const Waiter& waiter, const std::string& lock);
/// What says that the holder has it.
answer::Evidence hold_of(const Process& process, const Waiter& waiter, const Waiter& holder);

}  // namespace inquest::cause
