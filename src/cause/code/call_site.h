/// What a caller passed in a register: read off the code before its call instruction.
///
/// A frame's caller-saved registers are lost when it has called on, but the instructions that
/// filled them are there: `mov rdi, [rbp-0x18]; mov rdi, [rdi+8]; call free` is executed again on
/// the registers that the frame still has and on the memory of the dump. x86-64. Any thread.
#pragma once

#include <optional>

#include "cause/process.h"

namespace inquest::cause {

/// The value of `reg` when `frame` (a caller: its pc is a return address) made its call. Absent
/// when the code does not tell; a value that memory has lost since may be wrong, so callers check
/// what they get.
std::optional<uint64_t> argument_at_call(const Process& process, const unwind::Frame& frame,
                                         snapshot::Register reg);

/// The function that the call instruction before `frame`'s pc names, through a PLT slot or a
/// pointer in the module's tables too. Absent for calls through registers and objects. A function
/// further in may stand on the stack in its place: it was jumped to (a tail call), and has other
/// arguments.
std::optional<Address> call_target(const Process& process, const unwind::Frame& frame);

/// The displacement N of the call instruction `call [reg + N]` at which `frame` stands: the slot of
/// a virtual call, in bytes. Absent when the call is of another kind.
std::optional<uint64_t> virtual_slot_at_call(const Process& process, const unwind::Frame& frame);

}  // namespace inquest::cause
