/// What fills a heap, by type, as values for the report of `objects`: no logic.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "answer/answer.h"
#include "answer/explained.h"

namespace inquest::answer {

/// One line of the census.
struct ObjectSum {
  std::string type = {};                                   ///< empty: not known
  uint64_t size = 0;                                       ///< of one object; 0: not known
  uint64_t blocks = 0, objects = 0;                        ///< elements of arrays count each
  uint64_t bytes = 0;                                      ///< usable, of the blocks
  std::vector<std::pair<std::string, uint64_t>> how = {};  ///< "virtual table" -> blocks
};

struct ObjectInstance {
  Address at;          ///< of the first object
  Address block;       ///< that holds it
  uint64_t size = 0;   ///< usable bytes of the block
  uint64_t count = 1;  ///< objects in it
  std::string type = {};
  std::string how = {};
  unsigned percent = 0;  ///< how likely the type is right
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
  uint64_t conflict_count = 0;
  std::vector<ObjectConflict> conflicts = {};  ///< the first of them
  uint64_t typed_places = 0;                   ///< globals and locals that were followed
  Explained explained = {};                    ///< how much is accounted for
  uint64_t own_bytes = 0;                      ///< that blocks, graph and types took in this tool
  std::vector<Warning> warnings = {};
};

}  // namespace inquest::answer
