/// What the instruction at fault wanted of memory: which operand, at which address, to do what.
///
/// From the registers and the address that the system reported; where it reported none (a general
/// protection fault), the operand that the processor must have refused. Both fill the site in
/// place, and leave open what does not show. Any thread.
#pragma once

#include "cause/fault/fault.h"

namespace inquest::cause {

/// `instruction` and `text`, of the bytes at `pc`.
void decode_site(const Process& process, FaultSite& site);
/// `operand`, `address`, `access` and `size` of a decoded site whose signal is of memory.
void explain_access(const Process& process, FaultSite& site);

}  // namespace inquest::cause
