/// Objects inside of blocks: what programs cut from their own pools, memory contexts and arenas.
///
/// A typed pointer that leads into the middle of a used block of which nothing is known there, or
/// of which only the first bytes are (a pool's header), or into memory that no allocator owns, says
/// that an object of its target's type is there. It is believed where the words of that object
/// agree: pointers null or leading where such pointers may, a virtual table where the class has
/// one, and not all of it zero (a pointer past the last object leads to memory that was not given
/// out yet). Then its own pointers are followed, to blocks and to further such objects, until there
/// are no more.
///
/// Objects that overlap are no contradiction where one may be a part of the other: the larger one
/// stays. Otherwise the surer one stays; of two that are as sure the first, as disputed. Members of
/// known objects, elements of known arrays, pointers to characters and numbers and the ends of
/// ranges say nothing. What only locals or a doubtful word names has less than 70 percent, and is
/// not followed. Each object is followed once or, when refined, a few times; the order of objects
/// is kept in a tree: n log n of the pointers. Bounded in number. For one thread.
#pragma once

#include <map>

#include "objects/types/propagate.h"

namespace inquest::objects {

class Interiors {
 public:
  /// Borrows all. From now on `propagation` collects pointers that lead to no block's begin.
  Interiors(const TypingInput& input, TypeTable& types, VirtualTables& tables,
            const BlockIndex& index, Propagation& propagation);

  /// When the places are followed. Afterwards pointers are no longer collected.
  void find();
  /// Ascending, disjoint; without those that lie in blocks which are known by now.
  std::vector<InteriorObject> take();
  /// Those in a block, ascending.
  template <class Each>
  void each_in(const heap::Block& block, Each each) const {
    auto at = objects_.lower_bound(block.begin);
    for (; at != objects_.end() && at->first - block.begin < block.size; ++at) each(at->second);
  }

 private:
  using Objects = std::map<uint64_t, InteriorObject>;
  struct Looks {
    size_t confirmed = 0, contradicting = 0;
    bool is_zero = true;
  };

  void consider(const InteriorPointer& pointer);
  bool is_explained(BlockId block, uint64_t at) const;
  bool is_holder_still(const InteriorPointer& pointer) const;
  bool lies_in_one(InteriorObject& object) const;
  bool take_dynamic_type(InteriorObject& object);
  Looks look(const InteriorObject& object);
  void look_at_words(uint64_t at, TypeIndex type, Looks& looks);
  void look_at_pointer(const PointerSlot& slot, uint64_t value, Looks& looks);
  uint8_t percent_of(const InteriorPointer& pointer, const InteriorObject& object);
  void put(const InteriorObject& object);
  bool settle_with(Objects::iterator old, const InteriorObject& object);
  void follow_later(const InteriorObject& object);
  uint64_t end_of(const InteriorObject& object) const {
    return object.at.value + object.count * types_.size(object.type);
  }
  bool is_part(const InteriorObject& outer, const InteriorObject& inner);

  const TypingInput& input_;
  TypeTable& types_;
  VirtualTables& tables_;
  const BlockIndex& index_;
  Propagation& propagation_;
  unsigned word_size_;
  Arenas arenas_;
  PieceView view_;
  Objects objects_;
  std::vector<Extent> waiting_;
  size_t considered_ = 0, words_ = 0;
};

}  // namespace inquest::objects
