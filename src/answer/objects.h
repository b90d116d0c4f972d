/// What fills a heap, by type, as values for the report of `objects`: no logic.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "answer/answer.h"
#include "answer/explained.h"
#include "answer/inspect.h"

namespace inquest::answer {

/// One line of the census.
struct ObjectSum {
  std::string type = {};                                   ///< empty: not known
  uint64_t size = 0;                                       ///< of one object; 0: not known
  uint64_t blocks = 0, objects = 0;                        ///< elements of arrays count each
  uint64_t bytes = 0;                                      ///< usable, of the blocks
  std::vector<std::pair<std::string, uint64_t>> how = {};  ///< "virtual table" -> blocks
  /// Bytes that its objects keep alive, they themselves included: the sum of what each keeps alone,
  /// of those that no other of the type keeps. Absent where it was not computed.
  std::optional<uint64_t> retained = {};
};

/// Objects of one type that are in no used block, and what kind of place they are in.
struct OutsideSum {
  std::string type = {};
  uint64_t size = 0;       ///< of one object; 0: not known
  std::string state = {};  ///< "freed", "mapping", "data", "inside"
  uint64_t objects = 0;
  uint64_t bytes = 0;       ///< objects times size
  uint64_t pointed_to = 0;  ///< of the freed ones: how many live typed pointers still lead to
  unsigned percent = 0;     ///< how likely the type is right, of the most doubtful of them
};

struct ObjectInstance {
  Address at;          ///< of the first object
  Address block;       ///< that holds it
  uint64_t size = 0;   ///< usable bytes of the block
  uint64_t count = 1;  ///< objects in it
  std::string type = {};
  std::string how = {};
  unsigned percent = 0;  ///< how likely the type is right
  /// "used": an object of a used block; "freed": what is left in a freed one; "mapping", "data",
  /// "inside": in memory that no allocator owns, in the data of a module, inside of a used block.
  std::string state = "used";
  std::string where = {};  ///< of all but the used: "freed, still pointed to by Room.boss of 0x..."
  /// Of the (first) object, one level, with its bases; empty where they were not asked for, or no
  /// debug information describes the type.
  std::vector<Field> fields = {};
};

struct ObjectConflict {
  Address block;
  std::string taken = {}, other = {}, how = {};
};

/// Everything `inquest objects` says.
struct Objects {
  Dump dump;
  std::vector<std::string> allocators = {};
  uint64_t blocks = 0, bytes = 0;              ///< in use
  uint64_t typed_blocks = 0, typed_bytes = 0;  ///< of these
  std::vector<ObjectSum> census = {};          ///< most bytes first
  bool has_instances = false;                  ///< a type was asked for
  std::string wanted = {};                     ///< as it was asked for
  std::vector<ObjectInstance> instances = {};  ///< ascending by address
  bool has_retained = false;                   ///< the census has them
  std::vector<OutsideSum> outside = {};        ///< by state, then most bytes first
  uint64_t conflict_count = 0;
  std::vector<ObjectConflict> conflicts = {};  ///< the first of them
  uint64_t typed_places = 0;                   ///< globals and locals that were followed
  Explained explained = {};                    ///< how much is accounted for
  uint64_t own_bytes = 0;                      ///< that blocks, graph and types took in this tool
  std::vector<Warning> warnings = {};
};

}  // namespace inquest::answer
