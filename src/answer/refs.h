/// Who points to an address and what keeps it, as values for the report of `refs`: no logic.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "answer/answer.h"

namespace inquest::answer {

/// Where an address lies.
struct RefPlace {
  Address at;  ///< 0 of registers, and of an owner that is no single place
  /// "block", "freed block", "global", "stack", "registers", "thread-local", "mapping", "module",
  /// "owner", "unknown".
  std::string kind = "unknown";
  std::string name = {};              ///< "global g_rooms", "thread 12 worker: run"; none of blocks
  std::optional<Address> begin = {};  ///< of the block or the variable
  uint64_t size = 0;                  ///< of that; 0 when it is not known
  uint64_t offset = 0;                ///< at - begin
  std::string type = {};              ///< of a block; empty when it is not known
  /// Of an array: whose element a word at `at` is, "game::Guild::members[3]"; empty: not known.
  std::string element_of = {};
  std::string member = {};  ///< of that type, which a word at `at` is: "log", "[3].name"
};

/// A word that points somewhere.
struct Ref {
  uint64_t level = 1;  ///< 1: to the address that was asked for; 2: to who points there; ...
  RefPlace from;
  Address value;  ///< without tags
  RefPlace to;
};

/// From a root to the block: places of words, each of which points to the next one's block; the
/// last is what the pointer before it names.
struct RefPath {
  std::string owner;
  std::vector<RefPlace> places = {};
};

/// Everything `inquest refs` says.
struct Refs {
  Dump dump;
  RefPlace target;
  std::string reach = {};  ///< "reachable", "possible", "lost"; empty of what is no used block
  uint64_t retained_bytes = 0, retained_blocks = 0;  ///< 0 of what is no used block
  /// Without each of them it would be free: from the nearest up to the owner. Empty when several
  /// owners keep it, or nobody.
  std::vector<RefPlace> keepers = {};
  bool is_forward = false;  ///< refs are of what it points to
  std::vector<Ref> refs = {};
  uint64_t all_refs = 0;            ///< of level 1; more than are in `refs` when they were too many
  uint64_t stale_refs = 0;          ///< words in freed blocks and unused memory, not in all_refs
  std::vector<RefPath> paths = {};  ///< shortest first
  std::vector<Warning> warnings = {};
};

}  // namespace inquest::answer
