/// Which pointer was given to free, realloc or delete, and what lies there.
///
/// glibc's malloc (2.3 to 2.41, 64 bit), as malloc(3) users and debuggers know it: the word in
/// front of a block is its size with flags in the low bits (1: the block before is in use, 2: a
/// mapping of its own, 4: not of the main arena); blocks are aligned to 16 bytes, sizes too, the
/// least is 32.
#pragma once

#include <optional>
#include <string>

#include "answer/answer.h"
#include "cause/calls.h"

namespace inquest::cause {

struct FreedPointer {
  Address pointer;
  std::string source;         ///< how it is known: "passed by `send` (main.cc:27)"
  std::string name = {};      ///< a variable of the caller that holds it; may be empty
  size_t call = kNoCall;      ///< the program's call that freed it
  std::string function = {};  ///< "free", "operator delete"
};
/// Absent when the stack does not lead through an allocation function, or no register or variable
/// tells. Not certain: a value that the caller's code and registers show.
std::optional<FreedPointer> find_freed_pointer(const Process& process, const unwind::Stack& stack,
                                               const std::vector<Call>& calls);

/// Index of the outermost of the allocation functions at the top of the stack: malloc, free and
/// what they call (which has no names in a stripped libc). kNoCall when the top is something else.
size_t entry_of_allocator(const std::vector<Call>& calls);

/// The word in front of a block.
struct ChunkHeader {
  uint64_t raw = 0;
  uint64_t size = 0;  ///< without flags
  bool previous_in_use = false, is_mapped = false, is_other_arena = false;
  bool plausible = false;  ///< a size that a block can have
};
std::optional<ChunkHeader> chunk_header(const snapshot::Memory& memory, Address block);

/// Where an address lies, in words: "on the stack of thread 12", "in the global `table` of lobby",
/// "in the heap", "in code"; empty when it is nowhere. `heap` tells that it may be a heap block.
struct Whereabouts {
  std::string text;
  bool heap = false, stack = false, module = false;
};
Whereabouts whereabouts(const Process& process, Address at);

}  // namespace inquest::cause
