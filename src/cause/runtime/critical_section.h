/// Critical sections of Windows that threads wait for.
///
/// RTL_CRITICAL_SECTION { DebugInfo, i32 LockCount, i32 RecursionCount, OwningThread,
/// LockSemaphore, SpinCount }; a free one has LockCount -1, a held one its owner's thread id.
/// Source: winnt.h; "Displaying a Critical Section" of Microsoft's debugger documentation for the
/// bits of LockCount.
#pragma once

#include <optional>
#include <vector>

#include "cause/calls.h"
#include "cause/runtime/lock.h"

namespace inquest::cause {

/// The section that a thread which stands in EnterCriticalSection waits for: found by a pointer on
/// its stack, or in its registers, to one that another thread holds. Absent when the thread does
/// not stand there, or the dump does not hold the section.
std::optional<LockState> waited_critical_section(const Process& process,
                                                 const snapshot::Thread& thread,
                                                 const unwind::Stack& stack,
                                                 const std::vector<Call>& calls);

}  // namespace inquest::cause
