/// The detectors, one function each; see detector.h. Each in the file of its noun.
#pragma once

#include <vector>

#include "answer/answer.h"
#include "cause/process.h"

namespace inquest::cause {

using Findings = std::vector<answer::Finding>;

// Faults of memory and of instructions.
Findings detect_null_dereference(const Process& process);       ///< null_dereference.cc
Findings detect_wild_pointer(const Process& process);           ///< also non-canonical addresses
Findings detect_write_to_readonly(const Process& process);      ///< protected_memory.cc
Findings detect_execute_nonexecutable(const Process& process);  ///< protected_memory.cc
Findings detect_misaligned_access(const Process& process);      ///< bus_error.cc
Findings detect_bus_error(const Process& process);              ///< a mapped file cut short
Findings detect_divide_by_zero(const Process& process);         ///< division.cc
Findings detect_illegal_instruction(const Process& process);    ///< illegal_instruction.cc
Findings detect_use_after_free(const Process& process);         ///< freed_memory.cc
Findings detect_killed(const Process& process);                 ///< killed.cc

// What the process, its C library or its C++ runtime gave up for; and threads that wait.
Findings detect_abort(const Process& process);               ///< abort.cc
Findings detect_sanitizer(const Process& process);           ///< sanitizer.cc
Findings detect_stack_smash(const Process& process);         ///< stack_smash.cc
Findings detect_uncaught_exception(const Process& process);  ///< uncaught_exception.cc
Findings detect_pure_virtual_call(const Process& process);   ///< pure_virtual.cc
Findings detect_out_of_memory(const Process& process);       ///< out_of_memory.cc
Findings detect_stack_overflow(const Process& process);      ///< stack_overflow.cc
Findings detect_allocator_fault(const Process& process);     ///< allocator_fault.cc
Findings detect_deadlock(const Process& process);            ///< deadlock.cc
Findings detect_windows_exception(const Process& process);   ///< windows_exception.cc

}  // namespace inquest::cause
