/// Who may hold a lock that does not name its holders: told by pointers to it on stacks.
///
/// Heuristics over the memory of stacks; each says what it looks for. Any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cause/calls.h"

namespace inquest::cause {

/// The frame of `stack`, outside of the lock functions, in which a pointer to the lock lies: there
/// it was most likely taken. kNoCall when none.
size_t holding_call(const Process& process, const unwind::Stack& stack,
                    const std::vector<Call>& calls, Address lock);

/// Whether a pointer to the lock lies on the thread's stack.
bool mentions(const Process& process, const snapshot::Thread& thread, const unwind::Stack& stack,
              Address lock);

/// Of a thread (an index in the snapshot) that waits to write what one thread holds for reading:
/// why that is most likely itself, in words. Either it is the only thread, or a std::shared_lock in
/// its own frames owns the lock and no other thread's stack has a pointer to the lock. Likely only:
/// the shared_lock may be a stale copy, the reader may have ended. Absent otherwise. Layout of
/// std::shared_lock: libstdc++, libc++ and Boost (a pointer to the lock, then whether it is owned).
std::optional<std::string> reader_is_itself(const Process& process, size_t thread,
                                            const std::vector<Call>& calls, Address lock);

}  // namespace inquest::cause
