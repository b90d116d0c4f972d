/// The references turned around: who points at a block.
///
/// Compressed rows like those of the references, by target. 4 bytes an edge and 8 a block, made
/// when somebody first asks; linear. Values; safe from any thread.
#pragma once

#include <span>
#include <vector>

#include "objects/references.h"

namespace inquest::query {

class Holders {
 public:
  static Holders find(size_t blocks, const objects::References& references);

  /// The blocks that point to `block`, ascending.
  std::span<const objects::BlockId> of(objects::BlockId block) const {
    return {holders_.data() + ends_[block], holders_.data() + ends_[block + 1]};
  }
  /// Indices into References::roots(), ascending.
  std::span<const uint32_t> roots_of(objects::BlockId block) const;

 private:
  std::vector<uint64_t> ends_;  ///< one more than there are blocks
  std::vector<objects::BlockId> holders_;
  std::vector<objects::BlockId> root_blocks_;  ///< ascending
  std::vector<uint32_t> roots_;                ///< of each
};

}  // namespace inquest::query
