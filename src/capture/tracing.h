/// ptrace(2) and waitpid(2) as small functions with errors that a user can read.
///
/// Linux ties a tracee to the thread that attached it: all calls for one thread of the target come
/// from one thread of ours.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <signal.h>
#include <sys/types.h>
#include <vector>

#include "base/error.h"

namespace inquest::capture {

/// Attaches without stopping. `options` are PTRACE_O_*. The Error says why and what to do.
Result<> seize(pid_t thread, unsigned long options);
/// The rest answer false when the thread is gone or not stopped.
bool interrupt(pid_t thread);
bool resume(pid_t thread, int signal);
/// Leaves a group-stopped thread stopped, and reports when it goes on.
bool listen(pid_t thread);
bool detach(pid_t thread, int signal);

std::optional<siginfo_t> signal_info(pid_t thread);
/// Replaces what the thread will be told of the signal that it is about to get.
bool set_signal_info(pid_t thread, const siginfo_t& info);
/// Where a stopped thread is.
std::optional<uint64_t> program_counter(pid_t thread);
std::optional<unsigned long> event_message(pid_t thread);
/// The register set `type` (NT_PRSTATUS, NT_X86_XSTATE...); empty when the processor has none.
std::vector<std::byte> register_set(pid_t thread, unsigned type);
/// The signals that are blocked; bit n-1 is signal n.
std::optional<uint64_t> signal_mask(pid_t thread);

/// A stop as waitpid reports it.
struct Stop {
  int signal = 0;  ///< WSTOPSIG
  int event = 0;   ///< PTRACE_EVENT_*, 0 for a signal about to be delivered
};
Stop stop_of(int wait_status);

enum class Wait { stopped, ended, timed_out };
/// Waits for a stop or the end of one traced thread.
Wait wait_for(pid_t thread, int& status, std::chrono::steady_clock::time_point until);

}  // namespace inquest::capture
