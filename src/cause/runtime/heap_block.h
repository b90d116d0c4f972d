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

/// What the chain of sizes from the beginning of the main heap says of a pointer.
struct BlockStart {
  bool is_block = false;                 ///< a block begins there, whatever its own size word says
  std::optional<HeapBlock> before = {};  ///< the block in front of it; absent for the first
};
/// Absent outside of the main heap, and when the chain is broken before it. Only headers in front
/// of `memory` are believed: the one of the block itself may be the damaged one.
std::optional<BlockStart> block_start(const Process& process, Address memory);

/// Where a word of the program's own data points to the block, in words: "`Journal::line` of the
/// global `journal`"; empty when none is found. Looks at the writable data of modules that are not
/// the runtime's, 32 MiB at most.
std::string global_pointer_to(const Process& process, Address block);

/// The run of printable characters around `at`, of at least 4, both sides; empty when `at` is not
/// in one. `begin` becomes its start.
std::string text_around(const snapshot::Memory& memory, Address at, Address& begin);

}  // namespace inquest::cause
