/// What the threads of a process were about at the moment of the dump: which of them ran, and what
/// the others waited for. For whom hangs, not for whom crashed: a running thread is no fault.
///
/// Told by the system call that a thread is in (orig_rax of x86-64 cores; else the instruction
/// before its pc), and by the functions that made it. Pure functions. Sources:
/// arch/x86/entry/syscalls/syscall_64.tbl of Linux; ntdll's exports.
#pragma once

#include <string>
#include <vector>

#include "answer/answer.h"
#include "snapshot/snapshot.h"

namespace inquest::cause {

/// Of a thread with the frames of its stack, innermost first. Empty where nothing tells.
answer::Activity activity_of(const snapshot::Snapshot& process, const snapshot::Thread& thread,
                             const std::vector<answer::Frame>& frames);

/// Of all threads: "5 threads: 1 runs, 4 wait for a condition", then the running ones, those that
/// used most processor time first. Empty where no activity is known.
std::vector<answer::Evidence> activity_evidence(const std::vector<answer::Stack>& stacks);

}  // namespace inquest::cause
