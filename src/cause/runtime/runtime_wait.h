/// Waits for what the C and C++ runtimes themselves hold: the end of a thread, a stream, a lock
/// inside of the C library, the first construction of a static variable.
///
/// glibc, x86-64, 2.26 to 2.41. Source: futex(2); pthread_join(3); the System V ABI of x86-64 for
/// the thread pointer; the layout of struct pthread by nptl_db's symbols (`tid` at 0x2d0);
/// _IO_lock_t by its debug information: i32 lock @0 (2: held and waited for), i32 count @4, owner
/// @8 (the holder's thread pointer), to which struct _IO_FILE points at 0x88; the Itanium C++
/// ABI, 3.3.3, for __cxa_guard_acquire. Pure functions; any thread.
#pragma once

#include <optional>
#include <vector>

#include "cause/runtime/lock.h"

namespace inquest::cause {

/// Offset of `tid` in glibc's struct pthread, to which the thread pointer points.
inline constexpr uint64_t kPthreadTid = 0x2d0;

/// A join of a thread that is still there, or a stream that another thread has locked: told by
/// memory alone, names are not needed. Absent when the wait is for something else.
std::optional<LockState> waited_thread_or_stream(const Process& process, const ThreadIndex& threads,
                                                 const FutexWait& wait);

/// A lock of the C library that the waiting thread most likely holds itself: a signal handler calls
/// the function that the signal interrupted (or another of the allocator, when the allocator was
/// interrupted). `owner` is then the thread itself. Such locks do not name their holder. Absent
/// when the stack does not tell that.
std::optional<LockState> lock_below_handler(const snapshot::Thread& thread, const FutexWait& wait,
                                            const unwind::Stack& stack,
                                            const std::vector<Call>& calls);

/// A static variable that another thread is making: `owner` is absent, for a guard does not name
/// the thread; it is in the same function, which waited_guard's caller finds by its name.
std::optional<LockState> waited_guard(const FutexWait& wait, const std::vector<Call>& calls);

/// "stderr", "stdout" or "stdin" when that stream's lock is there; else empty.
std::string standard_stream(const Process& process, Address lock);

}  // namespace inquest::cause
