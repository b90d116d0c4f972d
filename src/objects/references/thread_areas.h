/// What the C library keeps of each thread beside its stack: its descriptor and its thread-local
/// data.
///
/// Sources: glibc sysdeps/x86_64/nptl/tls.h (tcbhead_t: tcb, dtv, self),
/// sysdeps/aarch64/nptl/tls.h, ELF TLS (Drepper, "ELF Handling For Thread-Local Storage", variant I
/// and II). Pure functions.
#pragma once

#include <optional>
#include <vector>

#include "snapshot/snapshot.h"

namespace inquest::objects {

struct ThreadArea {
  AddressRange range;                  ///< thread-local data and descriptor
  uint32_t thread = 0;                 ///< 0: of a dead thread
  std::optional<Address> vector = {};  ///< of the word that points into the thread's vector
};

/// Of the living threads, in the snapshot's order; those without a thread pointer are left out.
std::vector<ThreadArea> thread_areas(const snapshot::Snapshot& process);

/// The descriptor of a dead thread at the top of a stack that the C library keeps for the next
/// thread; absent when the region is no such stack. `region` has no living thread.
std::optional<ThreadArea> dead_thread_area(const snapshot::Snapshot& process,
                                           const snapshot::Region& region);

}  // namespace inquest::objects
