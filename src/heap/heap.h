/// Every block that the allocators of a process hold: what the program was given, and what lies
/// free.
///
/// One folder an allocator (`heap/glibc/`, ...), each a function from the process's memory to what
/// it found; several allocators in one process are normal. Structures are found and versions told
/// apart by their own consistency; symbols are a hint that is checked like any other guess. Nothing
/// is believed that the memory does not bear out: what is damaged becomes a Fault, and the walk
/// goes on behind it. Values; reading is safe from any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/error.h"
#include "snapshot/snapshot.h"

namespace inquest::heap {

enum class State : uint8_t {
  used,    ///< the program holds it
  cached,  ///< the program gave it back; kept for quick reuse (tcache, fast bin): free to the
           ///< program
  free,    ///< in a list of free blocks
  unused,  ///< never given out: the rest of a segment (glibc's top), the padding that aligns
};
std::string_view name(State state);  ///< "used", "cached", "free", "unused"

/// One block. `begin` is the address that the program was given, `size` the bytes that it may use
/// (malloc_usable_size), at most 2^44 - 1. 16 bytes, because there are millions.
struct Block {
  uint64_t begin : 48 = 0;
  uint64_t arena : 16 = 0;  ///< index into Heaps::arenas
  uint64_t size : 44 = 0;
  uint64_t state_bits : 3 = 0;
  uint64_t mapped : 1 = 0;  ///< has a mapping of its own
  uint64_t spare : 16 = 0;

  State state() const { return static_cast<State>(state_bits); }
  void set_state(State state) { state_bits = static_cast<uint64_t>(state); }
  Address address() const { return {begin}; }
  AddressRange range() const { return {{begin}, {begin + size}}; }
};
static_assert(sizeof(Block) == 16);

/// A part of a heap with a lock and free lists of its own.
struct Arena {
  size_t allocator = 0;                     ///< index into Heaps::allocators
  std::string name = {};                    ///< "main arena", "arena 3 (0x7f..)"
  Address at = {};                          ///< of its control structure; 0 when it has none
  std::vector<AddressRange> segments = {};  ///< memory that it owns, ascending, disjoint
  std::vector<uint32_t> threads = {};  ///< ids of the threads that allocate from it, where known
  std::optional<uint64_t> system_bytes = {};  ///< what it says it took from the system
};

/// A place where the heap contradicts itself.
struct Fault {
  Address at;                          ///< of the field that is wrong
  std::string what = {};               ///< "size 0x4141414141414141 of the chunk is not a size"
  std::optional<Address> before = {};  ///< begin of the last block that is sound below it
  std::optional<Address> after = {};   ///< begin of the first that is sound above it
  size_t arena = 0;                    ///< index into Heaps::arenas
};

struct Allocator {
  std::string name = {};  ///< "glibc"
  std::string layout =
      {};  ///< in words, what its structures look like: "2.36: tcache, safe-linking"
  size_t module =
      SIZE_MAX;  ///< index into Snapshot::modules of the code it is in; SIZE_MAX: not known
  /// Memory that the allocator keeps its own books in, ascending: no root of the program's data.
  std::vector<AddressRange> books = {};
};

/// All of a process. `blocks` is ascending by begin and disjoint; `faults` ascending by address.
struct Heaps {
  std::vector<Allocator> allocators = {};
  std::vector<Arena> arenas = {};
  std::vector<Block> blocks = {};
  std::vector<Fault> faults = {};
  std::vector<Warning> warnings = {};

  /// The block whose usable bytes hold `at`; null when none does. O(log n).
  const Block* block_at(Address at) const;
};

/// What is looked at. Borrowed for the call.
struct Input {
  const snapshot::Snapshot& process;
  /// The address of a symbol by linkage name in any module; may be empty, may say absent.
  std::function<std::optional<Address>(std::string_view)> find_symbol = {};
};

/// Looks for every allocator that is known. Never fails: what cannot be read is a warning.
Heaps find_heaps(const Input& input);

}  // namespace inquest::heap
