#include "objects/remnants/context.h"

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "base/parallel.h"
#include "objects/references/word_filter.h"
#include "objects/remnants/table_regions.h"

namespace inquest::objects {
namespace {

constexpr uint64_t kWordsChunk = 4 << 20;
constexpr size_t kChunksOfWave = 16;
constexpr size_t kMostObjectParts = 1024, kMostLiving = 64;
constexpr size_t kSlotsChecked = 256;

/// Outside of blocks nobody asks for the block at an address.
const std::vector<heap::Block> kNoBlocks;

struct WordRange {
  uint64_t begin, end;
};

}  // namespace

RemnantContext::RemnantContext(const TypingInput& input, const Typing& typing,
                               const RemnantOptions& options)
    : input(input),
      typing(typing),
      options(options),
      word_size(snapshot::pointer_size(input.process.arch)),
      types(input.modules, input.containers, word_size),
      tables(input, types),
      index(options.freed ? input.heaps.blocks : kNoBlocks),
      own_types_(typing.types().size()),
      has_own_type_(typing.types().size()),
      view_(input.process.memory) {
  if (options.freed) find_living();
}

TypeIndex RemnantContext::own_type(TypeIndex of_typing) {
  if (of_typing == 0 || of_typing >= own_types_.size()) return 0;
  if (!has_own_type_[of_typing]) {
    has_own_type_[of_typing] = true;
    const TypeInfo& info = typing.types()[of_typing];
    const TypeIndex own = info.reader ? types.index_of(info.reader, info.id) : 0;
    if (own != 0) types.layout(own);
    own_types_[of_typing] = own;
  }
  return own_types_[of_typing];
}

void RemnantContext::find_living() {
  const auto& blocks = input.heaps.blocks;
  for (BlockId id = 0; id < blocks.size(); ++id) {
    const BlockType type = typing.of(id);
    const bool is_sure = type.how != How::unknown && type.how <= How::container;
    if (type.type == 0 || !is_sure || type.percent < 80 || type.is_array) continue;
    if (blocks[id].state() != heap::State::used) continue;
    const TypeIndex own = own_type(type.type);
    if (own == 0 || types.made(own).is_scalar) continue;
    auto& of_size = living[blocks[id].size];
    if (of_size.size() < kMostLiving && std::ranges::find(of_size, own) == of_size.end())
      of_size.push_back(own);
  }
}

std::vector<TableWord> RemnantContext::table_words(const std::vector<AddressRange>& ranges,
                                                   bool& is_cut) {
  const TableRegions regions(input.process);
  std::vector<WordRange> chunks;
  for (const AddressRange& range : ranges) {
    for (uint64_t at = range.begin.value; at < range.end.value;) {
      const uint64_t size = std::min(kWordsChunk, range.end.value - at);
      chunks.push_back({at, at + size});
      at += size;
    }
  }
  std::vector<TableWord> all;
  for (size_t done = 0; done < chunks.size() && !is_cut; done += kChunksOfWave) {
    std::array<std::vector<TableWord>, kChunksOfWave> found;
    parallel_for(std::min(kChunksOfWave, chunks.size() - done), [&](size_t i) {
      const WordRange& chunk = chunks[done + i];
      regions.scan(chunk.begin, chunk.end, word_size,
                   [&](uint64_t at, uint64_t word) { found[i].push_back({at, word}); });
    });
    for (const auto& part : found) all.insert(all.end(), part.begin(), part.end());
    is_cut = all.size() > options.most;
  }
  all.resize(std::min(all.size(), options.most));
  std::vector<uint64_t> words;
  for (const TableWord& one : all) {
    if (words.empty() || words.back() != one.word) words.push_back(one.word);
  }
  std::ranges::sort(words);
  words.erase(std::unique(words.begin(), words.end()), words.end());
  for (uint64_t word : words) {
    if (!tables.can_be(word)) continue;
    tables.prepare(word);
    if (const VirtualTable* table = tables.at(word)) types.layout(table->type);
  }
  return all;
}

void RemnantContext::add_parts(ClassParts& to, const symbols::TypeReader& reader,
                               symbols::TypeId id, uint64_t offset, size_t depth) {
  if (depth > 16 || to.parts.size() > kMostObjectParts) return;
  for (const symbols::Member& member : reader.members(reader.resolve(id))) {
    if (member.is_virtual_base || member.bit_size != 0) continue;
    const uint64_t at = offset + member.offset;
    if (member.is_artificial) {
      if (std::ranges::find(to.tables, at) == to.tables.end()) to.tables.push_back(at);
      continue;
    }
    const symbols::TypeId plain = reader.resolve(member.type);
    if (reader.type(plain).kind != symbols::TypeKind::class_) continue;
    if (const TypeIndex type = types.index_of(&reader, plain)) to.parts.push_back({at, type});
    add_parts(to, reader, plain, at, depth + 1);
  }
}

const ClassParts& RemnantContext::parts(TypeIndex type) {
  auto [known, is_new] = parts_.try_emplace(type);
  if (is_new) {
    const TypeInfo info = types.types()[type];
    if (info.reader) add_parts(known->second, *info.reader, info.id, 0, 0);
  }
  return known->second;
}

bool RemnantContext::has_part(TypeIndex type, uint64_t offset, TypeIndex part) {
  return std::ranges::any_of(parts(type).parts, [&](const ClassParts::Part& one) {
    return one.offset == offset && one.type == part;
  });
}

uint64_t RemnantContext::word_at(uint64_t at) {
  const Bytes bytes = view_.at(at, word_size);
  if (bytes.size() < word_size) return 0;
  uint64_t word = 0;
  std::memcpy(&word, bytes.data(), word_size);
  return word;
}

uint8_t RemnantContext::plausibility(TypeIndex type, uint64_t at, uint64_t from) {
  constexpr uint8_t kByTableAlone = 75, kNothingSpeaksAgainst = 80, kConfirmed = 90, kDoubtful = 50;
  const TypeInfo& info = types.types()[type];
  if (!info.reader) return kByTableAlone;
  // All of its tables must be there.
  for (uint64_t offset : parts(type).tables) {
    if (at + offset >= from && !tables.can_be(word_at(at + offset))) return 0;
  }
  size_t confirmed = 0, contradicting = 0, checked = 0;
  for (const PointerSlot& slot : types.layout(type).slots) {
    if (slot.is_weak || at + slot.offset < from) continue;
    if (++checked > kSlotsChecked) break;
    const uint64_t value = word_at(at + slot.offset);
    if (value == 0) continue;
    const bool is_there = input.process.memory.has({value}) || input.process.region_at({value});
    ++(is_there ? confirmed : contradicting);
  }
  if (contradicting > confirmed) return 0;
  if (contradicting > 0) return kDoubtful;
  return confirmed > 0 ? kConfirmed : kNothingSpeaksAgainst;
}

}  // namespace inquest::objects
