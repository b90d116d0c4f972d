/// What lies at an address, as values for the report of `inspect`: no logic.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "answer/answer.h"

namespace inquest::answer {

/// A value with a name; of classes and containers what is in them.
struct Field {
  std::string name, type, value;
  std::string note = {};  ///< what is wrong, or left out
  Address at = {};
  uint64_t size = 0;  ///< 0: not known
  bool is_base = false;
  std::optional<Address> target = {};
  std::vector<Field> fields = {};
};

/// The block of a heap that holds the address.
struct InspectBlock {
  Address at;
  uint64_t size = 0;       ///< usable bytes
  std::string state = {};  ///< "used", "cached", "free", "unused"
  std::string allocator = {}, arena = {};
  bool mapped = false;
};

/// A variable or symbol that holds the address.
struct InspectVariable {
  std::string name;
  std::string type = {};  ///< plain; empty when not known
  Address at = {};
  uint64_t offset = 0;  ///< of the address in it
};

/// What the object is taken for, and why.
struct InspectType {
  std::string name;       ///< plain
  std::string full = {};  ///< as debug information has it; empty when there is none
  std::string how;        ///< "virtual table", "asked for", "variable", ...
  Address at = {};        ///< begin of the object
  unsigned percent = 100;
  std::string member = {};  ///< the member of it that the address is in: "stats.rank"
};

struct HexRow {
  Address at;
  std::vector<uint8_t> bytes = {};      ///< up to 16
  std::vector<std::string> words = {};  ///< what its words point to; empty texts where nowhere
};

struct Inspect {
  Dump dump;
  Address at;
  std::string place;  ///< "heap", "global", "stack", "code", "thread-local", "mapping", "nowhere"
  std::string region = {};  ///< file and rights of the mapping; may be empty
  std::string module = {};
  std::optional<InspectBlock> block = {};
  std::optional<InspectVariable> variable = {};
  std::string code = {};   ///< the function at the address, with its line
  uint32_t thread = 0;     ///< whose stack it is; 0: nobody's
  std::string frame = {};  ///< of that stack
  std::optional<InspectType> type = {};
  std::optional<Field> object = {};
  std::vector<HexRow> bytes = {};
  std::vector<Warning> warnings = {};
};

}  // namespace inquest::answer
