/// Locks that threads wait for: which, of what kind, who holds it.
///
/// glibc, x86-64 (and other 64-bit targets), 2.26 to 2.41. Source: the public headers
/// bits/struct_mutex.h and bits/struct_rwlock.h, futex(2), pthread_mutexattr_settype(3).
///   pthread_mutex_t   i32 lock @0 (0 free, 1 held, 2 held and waited for; PI and robust: owner's
///                     tid in the low 30 bits), u32 count @4, i32 owner @8 (tid), u32 users @12,
///                     i32 kind @16 (low 2 bits: normal, recursive, errorcheck, adaptive; 0x10
///                     robust, 0x20 PI, 0x40 protect, 0x80 shared, 0x100.. elision)
///   pthread_rwlock_t  u32 readers @0 (bit 0 write phase, bit 1 write-locked, from bit 3 readers),
///                     u32 writers @4, u32 wrphase_futex @8, u32 writers_futex @12,
///                     i32 cur_writer @24 (tid)
/// std::mutex, std::recursive_mutex, std::shared_mutex begin with one of these.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cause/calls.h"
#include "cause/runtime/thread_index.h"

namespace inquest::cause {

/// A thread that stands in futex(2), waiting.
struct FutexWait {
  Address word;
  uint32_t operation = 0;  ///< FUTEX_WAIT, FUTEX_WAIT_BITSET, FUTEX_LOCK_PI...
  std::optional<uint32_t> expected = {};
  bool timed = false;  ///< with a timeout: it will end
};
/// From the registers at the system call. Absent when the thread is not in futex.
std::optional<FutexWait> futex_wait(const Process& process, const snapshot::Thread& thread);

enum class LockKind : uint8_t {
  mutex,
  rwlock,
  stream,        ///< of a FILE
  thread_end,    ///< the waiter joins the owner
  library,       ///< inside of the C library
  static_guard,  ///< of a function's static variable
};

struct LockState {
  LockKind kind = LockKind::mutex;
  Address at;
  std::optional<uint32_t> owner = {};  ///< tid; absent when the lock does not record it
  /// What a mutex records as its owner where the process has no such thread: it ended, or it is one
  /// of the process that this one was forked from. Then `owner` is absent.
  std::optional<uint32_t> owner_gone = {};
  uint32_t readers = 0;     ///< of an rwlock that is held for reading
  bool wants_write = true;  ///< the waiter wants an rwlock for writing
  bool recursive = false;
  /// The function that a lock of the C library guards ("malloc"), or whose static variable it is.
  std::string guarded = {};
};
/// The lock behind a futex wait, when the memory there is one that fits: its owner is a thread of
/// the process (or none, where the waiter's stack names the function that locks a mutex), its words
/// have values that they can have. `calls` is the waiter's stack.
std::optional<LockState> waited_lock(const Process& process, const ThreadIndex& threads,
                                     const FutexWait& wait, const std::vector<Call>& calls);

/// What a lock is called: "`Ladder::mutex_` of 0x55...", "global `g_lock`", or its address.
std::string name_of_lock(const Process& process, Address lock, const unwind::Stack& stack);

}  // namespace inquest::cause
