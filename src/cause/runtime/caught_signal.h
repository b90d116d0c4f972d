/// A deadly signal that the process caught itself, when somebody sent it: the handler then ended
/// the process (a crash reporter that aborts or raises the signal again), and the signal that the
/// dump names is only the handler's.
///
/// Source: struct rt_sigframe of arch/x86/include/asm/sigframe.h; siginfo_t of
/// <asm-generic/siginfo.h>; copy_siginfo_to_user of kernel/signal.c, which clears what a signal has
/// no use for. Pure functions; safe from any thread.
#pragma once

#include <optional>

#include "cause/process.h"

namespace inquest::cause {

struct CaughtSignal {
  int signal = 0;
  int code = 0;            ///< si_code: 0 (kill), -1 (sigqueue) or -6 (tgkill)
  int32_t sender = 0;      ///< si_pid; 0 when it is of another pid namespace
  uint32_t user = 0;       ///< si_uid
  size_t handler = 0;      ///< frame of the handler, next further in to the trampoline
  size_t interrupted = 0;  ///< frame that stood where the signal came
};

/// Of the thread that died, the outermost; absent when none was sent, or when the handler was
/// installed without SA_SIGINFO (then the kernel writes down nothing), or not on x86-64.
std::optional<CaughtSignal> caught_signal(const Process& process);

}  // namespace inquest::cause
