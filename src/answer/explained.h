/// How much of a heap is accounted for, and by what, as values for the report of `objects`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace inquest::answer {

/// Somebody by whom blocks of which nothing else is known are kept, and who alone keeps them.
struct Holder {
  std::string name = {};  ///< "global server", "thread 12 worker, stack", "objects of dictEntry"
  uint64_t blocks = 0, bytes = 0;
};

/// Bytes in use, each byte in one of these.
struct Explained {
  uint64_t bytes = 0;  ///< all of them
  uint64_t typed = 0;  ///< by debug information, virtual tables, containers; never by a guess
  uint64_t text = 0;
  uint64_t held = 0;     ///< neither, but one owner that has a name, or a typed object, keeps it
  uint64_t shared = 0;   ///< neither, but several keep it together, one of whom at least has a name
  uint64_t unnamed = 0;  ///< kept by memory that nobody gave a name alone
  uint64_t lost = 0;     ///< neither, and nobody keeps it for sure
  bool has_holders = false;           ///< false: who keeps what was not asked: these are all 0
  std::vector<Holder> holders = {};   ///< of `held`, most bytes first; at most 100
  std::vector<Holder> together = {};  ///< of `shared`, the same: "global a and global b"
  std::vector<Holder> nameless = {};  ///< of `unnamed`, the same: "mapping at 0x7f..."

  uint64_t explained() const { return typed + text + held + shared; }
};

}  // namespace inquest::answer
