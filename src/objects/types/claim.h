/// What is said of a block, how strongly, and which blocks a size fits into.
#pragma once

#include <cstdint>
#include <vector>

#include "objects/references/block_index.h"
#include "objects/typing.h"

namespace inquest::objects {

/// A block is claimed to be of a type.
struct Claim {
  BlockId block = 0;
  TypeIndex type = 0;
  uint16_t strength = 0;
  uint8_t percent = 0;
  How how = How::unknown;
  bool is_array = false, behind_count = false;
  uint32_t limit = 0;  ///< bytes of it that are in use, in words of 8; 0: all
};

/// A typed pointer that leads to no block's begin: into the middle of one, or into memory that no
/// allocator owns. What lies there is asked when the blocks are typed (interiors.h).
struct InteriorPointer {
  uint64_t at = 0, word = 0;  ///< where it leads; where it lies
  uint64_t end = 0;           ///< of the elements in use, where the word behind it says so
  TypeIndex type = 0;
  BlockId holder = kNoBlock;  ///< the typed block in which it lies, if it lies in one, and that
  TypeIndex holder_type = 0;  ///< block's type when it was read
  bool is_certain = false;    ///< not by way of a local or a guess
  bool is_link = false;       ///< a container's
};

/// A pointer to a block that is many times as large as the class that the pointer names.
struct LoosePointer {
  BlockId block = 0;
  TypeIndex holder_type = 0;
  uint64_t word = 0, object = 0;  ///< where it lies, and where the object begins in which it lies
};

/// What pointers say.
struct Found {
  std::vector<Claim> claims = {};
  std::vector<InteriorPointer> interiors = {};
  std::vector<LoosePointer> loose = {};
  void clear() {
    claims.clear();
    interiors.clear();
    loose.clear();
  }
};

/// Strengths, so that claims can be compared: the order of How, refined by how well it fits.
struct Strength {
  static constexpr uint16_t likeness = 100, shape = 200, linked = 210, bytes = 300, weak = 350,
                            text = 400, local = 450, interior = 460, container = 500, holder = 600,
                            rtti = 890, table = 900;
};

/// Whether a block's type, known for sure and of `size` bytes, tells what lies at an offset.
inline bool tells(const BlockType& known, uint16_t strength, uint64_t offset, uint64_t size) {
  return strength >= Strength::container && (known.is_array || offset < size);
}

/// Whether a block of `usable` bytes is what an allocator gives for `size`: the classes of jemalloc
/// and tcmalloc are up to a quarter apart, glibc's less than two words.
inline bool fits(uint64_t usable, uint64_t size) {
  return usable >= size && (usable <= size + 16 || usable <= 24 || usable - size <= size / 4);
}

/// glibc does not split off a rest that is smaller than its smallest block.
inline bool fits_loosely(uint64_t usable, uint64_t size) {
  return fits(usable, size) || (usable >= size && usable <= size + 32);
}

}  // namespace inquest::objects
