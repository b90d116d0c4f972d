#include "cause/runtime/heap_block.h"

namespace inquest::cause {
namespace {

constexpr size_t kMostChunks = 4 << 20;
constexpr uint64_t kLeastChunk = 32;
constexpr uint64_t kLongestBlockText = 512;

}  // namespace

std::optional<HeapBlock> block_around(const Process& process, Address at) {
  const auto* region = process.snapshot().region_at(at);
  if (!region || region->file != "[heap]") return {};
  Address chunk = region->range.begin;
  for (size_t i = 0; i < kMostChunks && chunk < region->range.end; ++i) {
    auto word = process.memory().read<uint64_t>(chunk + 8);
    if (!word) return {};
    uint64_t size = *word & ~uint64_t{7};
    if (size < kLeastChunk || size % 16 != 0 || size > region->range.end - chunk) return {};
    if (at < chunk + size) return HeapBlock{chunk + 16, size};
    chunk = chunk + size;
  }
  return {};
}

std::string text_around(const snapshot::Memory& memory, Address at, Address& begin) {
  auto character = [&](Address where) -> std::optional<char> {
    auto byte = memory.read<uint8_t>(where);
    if (!byte || *byte < 0x20 || *byte >= 0x7f) return {};
    return static_cast<char>(*byte);
  };
  if (!character(at)) return {};
  begin = at;
  while (at - begin < kLongestBlockText && character(begin - 1)) begin = begin - 1;
  std::string text;
  for (Address where = begin; text.size() < 2 * kLongestBlockText; where = where + 1) {
    auto c = character(where);
    if (!c) break;
    text += *c;
  }
  return text.size() >= 4 ? text : std::string();
}

}  // namespace inquest::cause
