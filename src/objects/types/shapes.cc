#include "objects/types/shapes.h"

#include "base/parallel.h"
#include "objects/types/piece_view.h"

namespace inquest::objects {
namespace {

constexpr size_t kShapeChunk = 4096;
constexpr uint64_t kMostTable = 1 << 20;  // bytes of a table that are looked at

enum class ShapeKind : uint8_t { none, tree, list, table, chain };

/// Of 64-bit processes.
class ShapeSearch {
 public:
  ShapeSearch(const TypingInput& input, const BlockIndex& index)
      : blocks_(input.heaps.blocks),
        memory_(input.process.memory),
        index_(index),
        windows_(input.process.os == snapshot::Os::windows) {}

  ShapeKind of(BlockId id, PieceView& view) const;
  /// Marks in `found` the nodes that a table of buckets leads to and that hold each other by their
  /// first word. `is_free` says of which blocks nothing is known.
  template <class IsFree>
  void mark_chains(BlockId table, std::vector<ShapeKind>& found, const IsFree& is_free) const;

 private:
  static uint64_t word(Bytes bytes, size_t n) {
    uint64_t value;
    std::memcpy(&value, bytes.data() + 8 * n, 8);
    return value;
  }
  /// The used block that begins there; kNoBlock when none does.
  uint32_t block_at(uint64_t address) const {
    const uint32_t id = index_.find(address);
    if (id == kNoBlock || blocks_[id].begin != address) return kNoBlock;
    return blocks_[id].state() == heap::State::used ? id : kNoBlock;
  }
  /// Word n of the block at an address; 0 when there is none.
  uint64_t word_of(uint64_t address, size_t n) const {
    return memory_.read<uint64_t>({address + 8 * n}).value_or(0);
  }
  /// glibc does not split off a rest of 16 bytes: nodes of one kind may differ by that.
  static bool alike(uint64_t size, uint64_t other) {
    return other + 16 >= size && other <= size + 16;
  }
  bool is_tree(const heap::Block& block, Bytes bytes) const;
  bool is_list(const heap::Block& block, Bytes bytes) const;
  bool has_tree_child(const heap::Block& block, Bytes bytes) const;
  bool is_table(Bytes bytes) const;

  const std::vector<heap::Block>& blocks_;
  const snapshot::Memory& memory_;
  const BlockIndex& index_;
  const bool windows_;
};

/// libstdc++: colour (0 or 1), parent, left, right; the others in the places that `at` says.
bool ShapeSearch::is_tree(const heap::Block& block, Bytes bytes) const {
  struct Places {
    size_t parent, left, right, colour;
    bool colour_is_word;
  };
  static constexpr Places kPlaces[] = {{1, 2, 3, 0, true}, {2, 0, 1, 3, false}};
  // A list's node would pass for a node of MSVC's with a left child only: but that has no nulls,
  // its leaves point to the head.
  static constexpr Places kMicrosoft[] = {{1, 0, 2, 3, false}};
  if (block.size < 32) return false;
  if (windows_ && (word(bytes, 0) == 0 || block_at(word(bytes, 2)) == kNoBlock)) return false;
  for (const Places& at : windows_ ? std::span<const Places>(kMicrosoft) : kPlaces) {
    const uint64_t colour = word(bytes, at.colour);
    if ((at.colour_is_word ? colour & 0xffffffff : colour & 0xff) > 1) continue;
    const uint64_t parent = word(bytes, at.parent);
    if (parent == 0 || !memory_.has({parent})) continue;
    unsigned confirmed = 0;
    bool contradicted = false;
    for (size_t side : {at.left, at.right}) {
      const uint64_t child = word(bytes, side);
      const uint32_t id = block_at(child);
      if (child == 0) continue;
      // The head ends MSVC's trees; it is marked behind the colour.
      if (windows_ && id != kNoBlock && (word_of(child, 3) >> 8 & 0xff) == 1) continue;
      if (id == kNoBlock || !alike(blocks_[id].size, block.size) || child == parent ||
          word_of(child, at.parent) != block.begin) {
        contradicted = true;
        break;
      }
      ++confirmed;
    }
    if (contradicted) continue;
    const uint32_t above = block_at(parent);
    const bool is_child =
        above != kNoBlock && alike(blocks_[above].size, block.size) &&
        (word_of(parent, at.left) == block.begin || word_of(parent, at.right) == block.begin);
    if (is_child || confirmed == 2) return true;
  }
  return false;
}

/// MSVC's tree nodes are linked like those of a list where each is its parent's left child; but
/// their third word leads to a child, or to the head that is marked.
bool ShapeSearch::has_tree_child(const heap::Block& block, Bytes bytes) const {
  constexpr uint64_t kColourAndMark = 0x101;
  if (block.size < 32 || bytes.size() < 32) return false;
  const uint64_t right = word(bytes, 2), marks = word(bytes, 3) & 0xffff;
  if ((marks & ~kColourAndMark) != 0 || block_at(right) == kNoBlock) return false;
  if (marks == kColourAndMark) return true;  // the head itself
  return word_of(right, 1) == block.begin || (word_of(right, 3) >> 8 & 0xff) == 1;
}

bool ShapeSearch::is_list(const heap::Block& block, Bytes bytes) const {
  if (block.size < 24) return false;
  const uint64_t first = word(bytes, 0), second = word(bytes, 1);
  if (first == 0 || second == 0 || first == block.begin) return false;
  // Next and previous, whichever comes first: both neighbours point back, one is a node like this.
  const bool mutual = word_of(first, 1) == block.begin && word_of(second, 0) == block.begin;
  if (!mutual || (windows_ && has_tree_child(block, bytes))) return false;
  for (uint64_t neighbour : {first, second}) {
    const uint32_t id = block_at(neighbour);
    if (id != kNoBlock && alike(blocks_[id].size, block.size)) return true;
  }
  return false;
}

/// Nothing but pointers to begins of blocks and nulls, in more words than a structure of pointers
/// has.
bool ShapeSearch::is_table(Bytes bytes) const {
  constexpr size_t kLeastWords = 16, kLeastPointers = 8;
  const size_t words = bytes.size() / 8;
  if (words < kLeastWords) return false;
  size_t pointers = 0, others = 0;
  for (size_t i = 0; i < words; ++i) {
    const uint64_t value = word(bytes, i);
    if (value == 0) continue;
    // libstdc++: one bucket leads to the container itself.
    if (block_at(value) == kNoBlock && (++others > 1 || !memory_.has({value}))) return false;
    ++pointers;
  }
  return pointers >= kLeastPointers && pointers * 8 >= words;
}

ShapeKind ShapeSearch::of(BlockId id, PieceView& view) const {
  const heap::Block& block = blocks_[id];
  if (block.size < 24) return ShapeKind::none;
  const Bytes bytes = view.at(block.begin, std::min<uint64_t>(block.size, kMostTable));
  if (bytes.size() < 24 || bytes.size() < std::min<uint64_t>(block.size, 32))
    return ShapeKind::none;
  if (is_tree(block, bytes)) return ShapeKind::tree;
  if (is_list(block, bytes)) return ShapeKind::list;
  if (is_table(bytes)) return ShapeKind::table;
  return ShapeKind::none;
}

template <class IsFree>
void ShapeSearch::mark_chains(BlockId table, std::vector<ShapeKind>& found,
                              const IsFree& is_free) const {
  const heap::Block& block = blocks_[table];
  PieceView view(memory_);
  const Bytes bytes = view.at(block.begin, std::min<uint64_t>(block.size, kMostTable));
  auto next_of = [&](uint32_t id) { return word_of(blocks_[id].begin, 0); };
  // All entries lead to blocks of one size whose first words do so too, or are null.
  uint64_t size = 0, linked = 0, nodes = 0;
  for (size_t i = 0; i < bytes.size() / 8; ++i) {
    const uint32_t id = block_at(word(bytes, i));
    if (id == kNoBlock) continue;
    if (size == 0) size = blocks_[id].size;
    if (!is_free(id) || !alike(blocks_[id].size, size) || size < 24) return;
    ++nodes;
    const uint64_t next = next_of(id);
    if (next == 0) continue;
    const uint32_t other = block_at(next);
    if (other == kNoBlock || !alike(blocks_[other].size, size) || !is_free(other)) return;
    ++linked;
  }
  if (linked < 4 || linked * 4 < nodes) return;
  for (size_t i = 0; i < bytes.size() / 8; ++i) {
    uint32_t id = block_at(word(bytes, i));
    while (id != kNoBlock && alike(blocks_[id].size, size) && is_free(id) &&
           found[id] != ShapeKind::chain) {
      found[id] = ShapeKind::chain;
      id = block_at(next_of(id));
    }
  }
}

}  // namespace

void find_shapes(const TypingInput& input, TypeTable& types, const BlockIndex& index,
                 Propagation& propagation) {
  if (snapshot::pointer_size(input.process.arch) != 8) return;
  const auto& blocks = input.heaps.blocks;
  const ShapeSearch search(input, index);
  const TypeIndex names[] = {0, types.named("tree node"), types.named("list node"),
                             types.named("table of pointers"), types.named("chain node")};
  static constexpr uint8_t kPercent[] = {0, 90, 90, 70, 80};
  std::vector<ShapeKind> found(blocks.size());
  parallel_for((blocks.size() + kShapeChunk - 1) / kShapeChunk, [&](size_t chunk) {
    PieceView view(input.process.memory);
    const size_t end = std::min(blocks.size(), (chunk + 1) * kShapeChunk);
    for (size_t i = chunk * kShapeChunk; i < end; ++i) {
      if (blocks[i].state() != heap::State::used || propagation.blocks()[i].type != 0) continue;
      found[i] = search.of(static_cast<BlockId>(i), view);
    }
  });
  auto is_free = [&](uint32_t id) {
    return propagation.blocks()[id].type == 0 &&
           (found[id] == ShapeKind::none || found[id] == ShapeKind::chain);
  };
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (found[i] == ShapeKind::table) search.mark_chains(static_cast<BlockId>(i), found, is_free);
  }
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (found[i] == ShapeKind::none) continue;
    const auto kind = static_cast<size_t>(found[i]);
    propagation.claim({.block = static_cast<BlockId>(i),
                       .type = names[kind],
                       .strength = Strength::shape,
                       .percent = kPercent[kind],
                       .how = How::shape,
                       .is_array = found[i] == ShapeKind::table});
  }
}

}  // namespace inquest::objects
