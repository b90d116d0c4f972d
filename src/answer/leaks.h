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
  uint64_t missing_bytes = 0;          ///< of blocks and roots, not in the dump
  uint64_t own_bytes = 0;              ///< that blocks and graph took in this tool
  std::vector<LostBlock> blocks = {};  ///< ascending; only when they were asked for
  /// How long the process was read while it ran on, in milliseconds; absent when it stood still.
  std::optional<double> read_in_place_ms = {};
  std::vector<Warning> warnings = {};
};

}  // namespace inquest::answer
