/// What a process lost track of, as values for the report of `leaks`: no logic.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "answer/answer.h"

namespace inquest::answer {

struct BlockSum {
  uint64_t blocks = 0;
  uint64_t bytes = 0;  ///< usable, as malloc_usable_size counts
};

/// Lost groups that look alike: heads of the same size and type, about as many blocks.
struct LeakShape {
  bool possible = false;  ///< some pointer leads into the middle of the head
  uint64_t head_size = 0;
  std::string type = {};  ///< by the head's virtual table: "game::Guild"; empty when it has none
  uint64_t groups = 0;
  uint64_t blocks = 0, bytes = 0;              ///< of all groups, heads included
  uint64_t least_blocks = 0, most_blocks = 0;  ///< of one group
  std::vector<Address> heads = {};             ///< of the largest groups, at most three
  std::string text = {};   ///< what the first head begins with, where it is text
  std::string words = {};  ///< its first four words in hex
  /// Where all heads were allocated, as a debug heap noted: "src\\game.cpp:42"; empty: not known.
  std::string origin = {};
};

/// Where pointers were looked for that keep blocks alive.
struct LeakRoots {
  std::string kind;       ///< "registers", "stack", "global", "thread-local", "mapping"
  uint64_t ranges = 0;    ///< places; of registers: threads
  uint64_t bytes = 0;     ///< 0 for registers
  uint64_t pointers = 0;  ///< to used blocks
};

struct LostBlock {
  Address at;
  uint64_t size = 0;
  std::string_view kind;  ///< "definite", "indirect", "possible"; static
  Address head;
};

/// Blocks of one size below a suspect.
struct HeldKind {
  uint64_t size = 0;
  std::string type = {};  ///< of more than half of them; empty when there is no such
  double type_share = 0;  ///< of how many, 0..1; 0 without a type
  uint64_t blocks = 0, bytes = 0;
};

/// Something that alone keeps much of the heap.
struct Suspect {
  /// "global g_rooms"; several, of the most pointers first, when no single one keeps it.
  std::vector<std::string> owners = {};
  std::optional<Address> holder = {};  ///< the block below which it spreads; absent: the owners
  uint64_t holder_size = 0;
  std::string holder_type = {};  ///< empty when it is not known
  /// The nearest block above a holder of no known type that has one: whose buffer it may be.
  std::optional<Address> inside = {};
  std::string inside_type = {};
  uint64_t bytes = 0, blocks = 0;    ///< that would be freed without it, itself included
  double share = 0;                  ///< of all used bytes, 0..1
  std::vector<HeldKind> kinds = {};  ///< most bytes first, at most three
};

/// Everything `inquest leaks` says.
struct Leaks {
  Dump dump;
  std::vector<std::string> allocators = {};  ///< "glibc 2.36"
  BlockSum definite, indirect, possible, reachable;
  std::vector<LeakShape> shapes = {};  ///< largest first
  std::vector<LeakRoots> roots = {};
  uint64_t pointer_mask = 0;  ///< as given
  uint64_t tagged_words = 0;  ///< words that would be addresses without their upper bits
  uint64_t tag_mask = 0;      ///< those bits
  uint64_t scanned_bytes = 0;
  uint64_t missing_bytes = 0;  ///< of blocks and roots, not in the dump
  uint64_t own_bytes = 0;      ///< that blocks and graph took in this tool
  /// Largest first; absent when they were not looked for.
  std::optional<std::vector<Suspect>> suspects = {};
  std::vector<LostBlock> blocks = {};  ///< ascending; only when they were asked for
  /// How long the process was read while it ran on, in milliseconds; absent when it stood still.
  std::optional<double> read_in_place_ms = {};
  std::vector<Warning> warnings = {};
};

}  // namespace inquest::answer
