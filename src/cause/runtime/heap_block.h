/// Blocks of glibc's malloc around an address: enough to explain a refused free.
///
/// The heap of the main arena (the brk area, "[heap]") begins with a chunk and is chunks from end
/// to end: { size of the previous chunk when that is free; size and flags; memory ... }, 16-byte
/// aligned, the next one `size` bytes further on. glibc 2.3 to 2.41, 64 bit; malloc(3),
/// malloc_usable_size(3).
#pragma once

#include <optional>
#include <string>

#include "cause/process.h"

namespace inquest::cause {

struct HeapBlock {
  Address memory;     ///< what malloc returned for it
  uint64_t size = 0;  ///< of the chunk: header of 8 bytes and what can be used
};
/// The block whose memory or header holds `at`. Absent outside of the main heap, and when the chain
/// of sizes is broken before it. Reads at most a few million headers.
std::optional<HeapBlock> block_around(const Process& process, Address at);

/// The run of printable characters around `at`, of at least 4, both sides; empty when `at` is not
/// in one. `begin` becomes its start.
std::string text_around(const snapshot::Memory& memory, Address at, Address& begin);

}  // namespace inquest::cause
