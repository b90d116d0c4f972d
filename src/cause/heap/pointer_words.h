/// Which word of a block points to another, and what member that is.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "heap/heap.h"
#include "objects/typing.h"
#include "snapshot/snapshot.h"

namespace inquest::cause {

/// A pointer that is looked for.
struct WantedPointer {
  objects::BlockId from, to;
  std::optional<uint64_t> offset = {};  ///< of the word in `from`: to the begin of `to`, if one is
  friend bool operator<(const WantedPointer& a, const WantedPointer& b) {
    return std::pair(a.from, a.to) < std::pair(b.from, b.to);
  }
};

/// Fills in the offsets, and sorts. Reads each holder once, at most so many bytes in all; what is
/// not found has none.
void find_pointers(const snapshot::Snapshot& process, const heap::Heaps& heaps,
                   std::vector<WantedPointer>& wanted, uint64_t most_bytes = 1ull << 30);

/// Names members of typed blocks. Remembers; for one thread.
class MemberNames {
 public:
  explicit MemberNames(const objects::Typing& typing) : typing_(typing) {}
  /// "[3].next"; empty when the type of the block does not say.
  std::string at(objects::BlockId block, uint64_t offset);

 private:
  const objects::Typing& typing_;
  std::map<std::pair<objects::TypeIndex, uint64_t>, std::string> known_;
};

}  // namespace inquest::cause
