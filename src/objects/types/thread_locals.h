/// Where a module's thread-local variables lie in a thread.
///
/// Sources: Drepper, "ELF Handling For Thread-Local Storage" (variant I and II: the program's own
/// block beside the thread pointer); winternl.h and PE/COFF 6.7 (TEB.ThreadLocalStoragePointer, an
/// array by the module's _tls_index). Pure.
#pragma once

#include <optional>

#include "snapshot/snapshot.h"

namespace inquest::objects {

/// The begin of the module's block; absent when it is not known (libraries of Linux: only the
/// dynamic linker knows).
std::optional<Address> thread_local_block(const snapshot::Snapshot& process,
                                          const snapshot::Module& module,
                                          const snapshot::Thread& thread);

}  // namespace inquest::objects
