#include "objects/types/buffers.h"

#include <algorithm>
#include <utility>

#include "base/parallel.h"

namespace inquest::objects {
namespace {

constexpr uint8_t kBufferPercent = 85;
constexpr size_t kBufferChunk = 4096;
constexpr uint64_t kBufferWindow = 1 << 20;  // bytes of a block that are looked at at once

class BufferSearch {
 public:
  BufferSearch(const TypingInput& input, const TypeTable& types, const BlockIndex& index,
               const Propagation& propagation)
      : input_(input),
        types_(types),
        index_(index),
        propagation_(propagation),
        blocks_(input.heaps.blocks) {}

  /// Whether its words say more than its type does.
  bool is_asked(BlockId id) const {
    if (blocks_[id].state() != heap::State::used || input_.references.from(id).empty())
      return false;
    const BlockType& type = propagation_.blocks()[id];
    return type.how != How::text && types_.types()[type.type].reader == nullptr;
  }
  void look(BlockId holder, PieceView& view, std::vector<BlockId>& found) const {
    const heap::Block& block = blocks_[holder];
    // Windows overlap by the two words that a triple may begin with.
    for (uint64_t at = 0; at + 24 <= block.size; at += kBufferWindow - 16) {
      const uint64_t size = std::min<uint64_t>(block.size - at, kBufferWindow);
      look(view.at(block.begin + at, size), found);
    }
  }
  void look(Bytes bytes, std::vector<BlockId>& found) const {
    for (size_t at = 0; at + 24 <= bytes.size(); at += 8) {
      uint64_t words[3];
      std::memcpy(words, bytes.data() + at, sizeof words);
      if (words[0] - index_.low() >= index_.span()) continue;
      if (words[1] < words[0] || words[2] < words[1] || words[2] == words[0]) continue;
      const uint32_t id = index_.find(words[0]);
      if (id != kNoBlock && is_buffer(id, words)) found.push_back(id);
    }
  }

 private:
  bool is_buffer(BlockId id, const uint64_t (&words)[3]) const {
    const heap::Block& block = blocks_[id];
    return block.begin == words[0] && block.state() == heap::State::used &&
           propagation_.blocks()[id].type == 0 && fits_loosely(block.size, words[2] - words[0]);
  }

  const TypingInput& input_;
  const TypeTable& types_;
  const BlockIndex& index_;
  const Propagation& propagation_;
  const std::vector<heap::Block>& blocks_;
};

std::vector<BlockId> all_of(const std::vector<std::vector<BlockId>>& parts) {
  std::vector<BlockId> all;
  for (const std::vector<BlockId>& part : parts) all.insert(all.end(), part.begin(), part.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

/// Those of `candidates` (ascending) that one block, or one place outside the heap, leads to. What
/// others lead to as well is an object: the three words are what a vector left behind whose buffer
/// was given back.
std::vector<BlockId> held_once(const References& references, size_t blocks,
                               const std::vector<BlockId>& candidates) {
  if (candidates.empty()) return {};
  std::vector<bool> is_candidate(blocks);
  for (BlockId id : candidates) is_candidate[id] = true;
  auto position = [&](BlockId id) {
    return std::lower_bound(candidates.begin(), candidates.end(), id) - candidates.begin();
  };
  std::vector<uint8_t> holders(candidates.size());
  std::vector<BlockId> last(candidates.size(), kNoBlock);
  for (BlockId holder = 0; holder < blocks; ++holder) {
    for (BlockId to : references.from(holder)) {
      if (!is_candidate[to] || to == holder) continue;
      const auto i = position(to);
      if (std::exchange(last[i], holder) != holder && holders[i] < 2) ++holders[i];
    }
  }
  std::vector<uint64_t> first_root(candidates.size(), UINT64_MAX);
  for (const Root& root : references.roots()) {
    if (root.kind == RootKind::registers || root.kind == RootKind::stack) continue;
    if (!is_candidate[root.block]) continue;
    const auto i = position(root.block);
    if (first_root[i] == UINT64_MAX) first_root[i] = root.at.value;
    const bool same_triple = root.at.value - first_root[i] < 24 && root.at.value != first_root[i];
    if (!same_triple && holders[i] < 2) ++holders[i];
  }
  std::vector<BlockId> once;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (holders[i] == 1) once.push_back(candidates[i]);
  }
  return once;
}

}  // namespace

void find_buffers(const TypingInput& input, TypeTable& types, const BlockIndex& index,
                  Propagation& propagation) {
  if (snapshot::pointer_size(input.process.arch) != 8) return;
  const size_t count = input.heaps.blocks.size();
  const BufferSearch search(input, types, index, propagation);
  std::vector<std::vector<BlockId>> found((count + kBufferChunk - 1) / kBufferChunk + 1);
  parallel_for(found.size() - 1, [&](size_t chunk) {
    PieceView view(input.process.memory);
    const size_t end = std::min(count, (chunk + 1) * kBufferChunk);
    for (size_t i = chunk * kBufferChunk; i < end; ++i) {
      const auto id = static_cast<BlockId>(i);
      if (search.is_asked(id)) search.look(id, view, found[chunk]);
    }
  });
  PieceView view(input.process.memory);
  for (const Root& root : input.references.roots()) {
    if (root.kind == RootKind::registers || root.kind == RootKind::stack) continue;
    if (root.into == Into::begin) search.look(view.at(root.at.value, 24), found.back());
  }
  const TypeIndex name = types.named("element buffer");
  for (BlockId id : held_once(input.references, count, all_of(found))) {
    propagation.claim({.block = id,
                       .type = name,
                       .strength = Strength::shape,
                       .percent = kBufferPercent,
                       .how = How::shape,
                       .is_array = true});
  }
}

}  // namespace inquest::objects
