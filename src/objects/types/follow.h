/// What the pointers of an object claim of the blocks that they lead to.
///
/// Finding the blocks is waiting for memory and little else. So what will be read soon is fetched
/// ahead, and the pointers are collected and looked up sixteen at a time. For one thread; borrows
/// all that it is given, which must not change while it follows.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "objects/types/claim.h"
#include "objects/types/piece_view.h"
#include "objects/types/type_table.h"
#include "objects/types/virtual_tables.h"

namespace inquest::objects {

/// The word at `offset`, of 4 or 8 bytes. The bytes hold it.
inline uint64_t word_of(Bytes bytes, uint64_t offset, unsigned word_size) {
  if (word_size == 4) {
    uint32_t half;
    std::memcpy(&half, bytes.data() + offset, 4);
    return half;
  }
  uint64_t all;
  std::memcpy(&all, bytes.data() + offset, 8);
  return all;
}

/// An object or array whose words are read.
struct Extent {
  uint64_t at = 0, bytes = 0;
  TypeIndex type = 0;
  /// What it says is at most so strong: locals may lie uninitialised, guesses may be wrong.
  uint16_t most = UINT16_MAX;
  BlockId holder = kNoBlock;  ///< the block that it is, if it is one
};

/// Memory that no allocator owns and that programs cut their own objects from: ascending.
class Arenas {
 public:
  Arenas() = default;
  explicit Arenas(std::vector<AddressRange> ranges) : ranges_(std::move(ranges)) {
    if (ranges_.empty()) return;
    low_ = ranges_.front().begin.value;
    span_ = ranges_.back().end.value - low_;
  }
  /// Null: none holds it.
  const AddressRange* find(uint64_t at) const {
    if (at - low_ >= span_) return nullptr;
    auto after = std::ranges::upper_bound(ranges_, Address{at}, {}, &AddressRange::begin);
    if (after == ranges_.begin() || !std::prev(after)->contains({at})) return nullptr;
    return &*std::prev(after);
  }

 private:
  std::vector<AddressRange> ranges_;
  uint64_t low_ = 0, span_ = 0;
};

class Follower {
 public:
  /// What is known while pointers are followed.
  struct Known {
    const TypingInput& input;
    const TypeTable& types;
    const VirtualTables& tables;
    const BlockIndex& index;
    const std::vector<BlockType>& blocks;
    const std::vector<uint16_t>& strengths;
    const Arenas* arenas = nullptr;  ///< null: pointers into the middle are not collected
  };
  Follower(const Known& known, Found& out);
  ~Follower() { claim_targets(); }
  Follower(const Follower&) = delete;

  /// Its claims are in `out`, in the order of its words, when the follower ends.
  void follow(const Extent& extent);
  /// The block of `id` is followed soon.
  void fetch(BlockId id) const { __builtin_prefetch(&known_.input.heaps.blocks[id]); }
  void fetch_bytes(BlockId id) {
    const Bytes bytes = objects_.at(known_.input.heaps.blocks[id].begin, 1);
    if (!bytes.empty()) __builtin_prefetch(bytes.data());
  }

 private:
  struct Target {
    const PointerSlot* slot = nullptr;
    uint64_t word = 0, object = 0, value = 0, used_end = 0;
    BlockId holder = kNoBlock;
    TypeIndex holder_type = 0;
    bool is_range = false;  // the next word is the end
    uint16_t most = 0;
    BlockIndex::Probe probe = {};
    uint32_t block = kNoBlock;
  };

  void follow_object(Bytes object, uint64_t at, const Extent& extent);
  void claim_targets();
  void claim_target(const Target& target);
  bool claim_counted(const Target& target);
  bool may_be_inside(const Target& target) const;
  void add_interior(const Target& target);
  bool is_settled(const Target& target) const;
  bool is_alive(uint64_t at, TypeIndex type);
  bool has_elements(const heap::Block& block, TypeIndex type, uint64_t count);
  uint64_t word(Bytes bytes, uint64_t offset) const { return word_of(bytes, offset, word_size_); }

  const Known known_;
  Found& out_;
  unsigned word_size_;
  PieceView objects_, targets_;
  std::array<Target, 16> waiting_;
  size_t waiting_count_ = 0;
};

}  // namespace inquest::objects
