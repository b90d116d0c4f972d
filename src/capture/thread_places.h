/// Where the threads of a running process stand, without stopping them: as far as /proc tells.
///
/// A blocked thread's stack pointer, pc and the arguments of its system call are in
/// /proc/ID/task/TID/syscall; of one that runs nothing is. Thread pointers are not in /proc: they
/// are found in memory by what glibc keeps there (tcbhead_t points to itself twice; struct pthread
/// holds the thread's id). Source: proc(5), sysdeps/x86_64/nptl/tls.h and nptl/descr.h of glibc
/// 2.26 to 2.41. Values may be stale when they are returned.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "capture/memory_map.h"
#include "capture/process_image.h"
#include "capture/process_memory.h"

namespace inquest::capture {

/// A thread's registers as far as they can be known while it runs; the rest is zero. A thread that
/// runs right now has no stack pointer.
ThreadImage read_running_thread(pid_t process, pid_t thread);
/// Writes the thread pointer into the register set. Not on AArch64.
void set_thread_pointer(ThreadImage& thread, uint64_t pointer);

/// Thread id -> thread pointer, of those that were found. x86-64 with glibc; else empty.
std::map<pid_t, uint64_t> find_thread_pointers(const ProcessMemory& memory,
                                               const std::vector<Mapping>& mappings,
                                               const std::vector<ThreadImage>& threads);

/// For the text of /proc/ID/task/TID/syscall: "running", "-1 SP PC", "NUMBER 6 ARGUMENTS SP PC".
struct BlockedThread {
  std::optional<uint64_t> system_call = {};
  std::vector<uint64_t> arguments = {};
  uint64_t sp = 0, pc = 0;
};
std::optional<BlockedThread> parse_blocked_thread(std::string_view text);

}  // namespace inquest::capture
