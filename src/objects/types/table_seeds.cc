/// Objects that name their own type, by the pointer to a virtual table that they begin with.

#include <array>

#include "base/parallel.h"
#include "objects/types/propagate.h"

namespace inquest::objects {

using heap::Block;

namespace {

constexpr size_t kSeedChunk = 512;
constexpr uint64_t kTablesChecked = 16;
constexpr uint64_t kVirtualBasesWithin = 1 << 16;  // bytes from an object's begin

}  // namespace

void Propagation::seed_tables(VirtualTables& tables) {
  const std::vector<Block>& blocks = input_.heaps.blocks;
  const bool windows = input_.process.os == snapshot::Os::windows;
  // Which words there are, then what they are, then who has them.
  std::array<std::vector<uint64_t>, kMostWorkers> found;
  parallel_for((blocks.size() + kSeedChunk - 1) / kSeedChunk, [&](size_t chunk) {
    std::vector<uint64_t>& words = found[worker_number()];
    PieceView view(input_.process.memory);
    uint64_t last = 0;
    const size_t end = std::min(blocks.size(), (chunk + 1) * kSeedChunk);
    const size_t before = words.size();
    for (size_t i = chunk * kSeedChunk; i < end; ++i) {
      if (blocks[i].state() != heap::State::used) continue;
      auto look = [&](uint64_t one) {
        if (one == last || !tables_.can_be(one)) return;
        last = one;
        words.push_back(one);
      };
      // Behind a count, too; with Microsoft's ABI wherever virtual bases lie.
      const uint64_t most = windows ? kVirtualBasesWithin : 2 * word_size_;
      const uint64_t size = std::min<uint64_t>(most, blocks[i].size);
      const Bytes bytes = view.at(blocks[i].begin, size);
      const TablePlaces places = tables_.places(bytes);
      for (size_t n = 0; n < places.count; ++n) look(word(bytes, places.at[n]));
      if (!windows && bytes.size() >= 2 * word_size_) look(word(bytes, word_size_));
    }
    auto begin = words.begin() + static_cast<ptrdiff_t>(before);
    std::sort(begin, words.end());
    words.erase(std::unique(begin, words.end()), words.end());
    if (words.size() > size_t{1} << 20) {
      std::sort(words.begin(), words.end());
      words.erase(std::unique(words.begin(), words.end()), words.end());
    }
  });
  std::vector<uint64_t> all;
  for (auto& words : found) {
    all.insert(all.end(), words.begin(), words.end());
    words = {};
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  for (uint64_t one : all) tables.prepare(one);
  for (uint64_t one : all) {
    if (const VirtualTable* table = tables_.at(one)) prepare(table->type);
  }
  in_batches(blocks.size(), [&](size_t begin, size_t end, Found& out) {
    PieceView view(input_.process.memory);
    for (size_t i = begin; i < end; ++i) {
      if (blocks[i].state() != heap::State::used) continue;
      claim_by_table(static_cast<BlockId>(i), view.at(blocks[i].begin, blocks[i].size), out.claims);
    }
  });
}

/// Bytes from one to the next of `count` objects behind a count, all with the first one's table; 0
/// when they are not.
uint64_t Propagation::stride_of_tables(Bytes bytes, uint64_t count) const {
  const uint64_t room = bytes.size() - word_size_;
  const uint64_t stride = room / count / word_size_ * word_size_;
  if (count < 2 || stride == 0) return 0;
  const uint64_t table = word(bytes, word_size_);
  for (uint64_t i = 1; i < std::min(count, kTablesChecked); ++i) {
    if (word(bytes, word_size_ + i * stride) != table) return 0;
  }
  return stride;
}

void Propagation::claim_by_table(BlockId id, Bytes bytes, std::vector<Claim>& out) const {
  const Block& block = input_.heaps.blocks[id];
  const TablePlaces places = tables_.places(bytes);
  for (size_t i = 0; i < places.count; ++i) {
    const VirtualTable* table = tables_.at(word(bytes, places.at[i]), places, i);
    if (!table) continue;
    const uint64_t size = types_.size(table->type);
    if (block.size < size) continue;
    Claim claim{.block = id, .type = table->type, .percent = table->percent, .how = table->how};
    claim.strength = table->how == How::rtti ? Strength::rtti : Strength::table;
    if (size != 0 && !fits_loosely(block.size, size)) {
      // Several, each with its table; or something larger, perhaps a leftover.
      const bool more = 2 * size <= bytes.size() && tables_.at(word(bytes, size));
      claim.is_array = more;
      claim.percent = more ? 90 : 60;
      if (!more) claim.strength = Strength::weak;
    }
    out.push_back(claim);
    return;
  }
  // `new T[n]` keeps n in front.
  if (bytes.size() < 2 * word_size_) return;
  const uint64_t count = word(bytes, 0);
  if (count == 0 || count > block.size / word_size_) return;
  const VirtualTable* table = tables_.at(word(bytes, word_size_));
  if (!table || table->offset != 0) return;
  uint64_t size = types_.size(table->type);
  // Where nothing says how large one is, each must have its table.
  if (size == 0) size = stride_of_tables(bytes, count);
  if (size == 0 || count > block.size / size) return;
  if (!fits_loosely(block.size, word_size_ + count * size)) return;
  Claim claim{.block = id, .type = table->type, .percent = 95, .how = table->how};
  claim.strength = table->how == How::rtti ? Strength::rtti : Strength::table;
  claim.is_array = claim.behind_count = true;
  out.push_back(claim);
}

}  // namespace inquest::objects
