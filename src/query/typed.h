/// What the blocks are, for the tables `objects`, `fields` and `types`: computed once.
///
/// Borrows the Sources. One thread.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "objects/typing.h"
#include "query/sources.h"

namespace inquest::query {

class Typed {
 public:
  /// That of these sources, made when first asked for.
  static const Typed& of(Sources& sources);
  explicit Typed(Sources& sources);

  const objects::Typing& typing() const { return *typing_; }
  /// The blocks whose type is known, ascending.
  const std::vector<objects::BlockId>& blocks() const { return blocks_; }
  /// Null for index 0 and what is none.
  const objects::TypeInfo* info(objects::TypeIndex type) const;

 private:
  std::optional<objects::Typing> typing_;
  std::vector<objects::BlockId> blocks_;
};

/// How many objects lie in a block of `size` bytes, and where the first begins.
struct Elements {
  uint64_t first = 0, count = 0;
};
Elements elements_of(const objects::BlockType& type, uint64_t type_size, uint64_t block_size,
                     unsigned word_size);

}  // namespace inquest::query
