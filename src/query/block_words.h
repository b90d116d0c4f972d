/// The words of a block that point to blocks, one after the other.
///
/// References keep who points at whom, not from which word: that is read again from the memory, for
/// the blocks that a query asks for. Borrows; one thread.
#pragma once

#include <span>
#include <vector>

#include "heap/heap.h"
#include "objects/references.h"
#include "snapshot/snapshot.h"

namespace inquest::query {

class BlockWords {
 public:
  struct Word {
    Address at;     ///< of the word
    Address value;  ///< without the bits of the mask
    objects::BlockId target;
  };

  BlockWords(const snapshot::Snapshot& process, const heap::Heaps& heaps,
             const objects::References& references, uint64_t pointer_mask)
      : process_(process),
        heaps_(heaps),
        references_(references),
        mask_(pointer_mask),
        word_size_(snapshot::pointer_size(process.arch)) {}

  /// Goes to the words of `holder`; with `target`, to those of them that point to it.
  void start(objects::BlockId holder, objects::BlockId target = objects::References::kNone);
  /// False when there is none left.
  bool next(Word& out);

 private:
  bool find_target(uint64_t value, Word& out) const;
  void refill();

  const snapshot::Snapshot& process_;
  const heap::Heaps& heaps_;
  const objects::References& references_;
  uint64_t mask_;
  unsigned word_size_;
  std::span<const objects::BlockId> targets_ = {};
  uint64_t low_ = 0, high_ = 0;  ///< all targets lie in [low, high]
  uint64_t at_ = 0, end_ = 0;    ///< words still to be read
  Bytes bytes_ = {};             ///< of them, from at_ on
};

}  // namespace inquest::query
