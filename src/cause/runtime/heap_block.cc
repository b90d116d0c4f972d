#include "cause/runtime/heap_block.h"

#include <algorithm>
#include <cstring>

#include "cause/calls.h"

namespace inquest::cause {
namespace {

constexpr size_t kMostChunks = 4 << 20;
constexpr uint64_t kLeastChunk = 32;
constexpr uint64_t kLongestBlockText = 512;

/// Walks the main heap from its beginning while `visit(chunk, size)` says so.
template <typename Visit>
void walk_main_heap(const Process& process, Address at, Visit visit) {
  const auto* region = process.snapshot().region_at(at);
  if (!region || region->file != "[heap]") return;
  Address chunk = region->range.begin;
  for (size_t i = 0; i < kMostChunks && chunk < region->range.end; ++i) {
    auto word = process.memory().read<uint64_t>(chunk + 8);
    if (!word) return;
    uint64_t size = *word & ~uint64_t{7};
    bool possible = size >= kLeastChunk && size % 16 == 0 && size <= region->range.end - chunk;
    if (!visit(chunk, possible ? size : 0) || !possible) return;
    chunk = chunk + size;
  }
}

/// "`Journal::line` of the global `journal`" of a word in a module's data.
std::string words_of_global(const Process& process, const snapshot::Module& module, Address at) {
  Rva rva{at - module.range.begin};
  if (const auto* types = process.types(module)) {
    if (auto global = types->global_at(rva)) {
      uint64_t offset = rva.value - global->begin.value;
      auto type = types->type(types->resolve(global->type));
      bool is_class = type.kind == symbols::TypeKind::class_;
      auto member = types->member_at(types->resolve(global->type), offset);
      if (is_class && member && !member->path.empty()) {
        return fmt::format("`{}::{}` of the global `{}`", type.name, member->path, global->name);
      }
      if (offset == 0) return fmt::format("the global `{}`", global->name);
      return fmt::format("offset {} of the global `{}`", offset, global->name);
    }
  }
  auto nearest = process.symbols(module).symbol_at(rva);
  if (!nearest || nearest->is_function || nearest->offset >= std::max<uint64_t>(nearest->size, 1)) {
    return {};
  }
  if (nearest->offset == 0) return fmt::format("the global `{}`", nearest->name);
  return fmt::format("offset {} of the global `{}`", nearest->offset, nearest->name);
}

}  // namespace

std::optional<HeapBlock> block_around(const Process& process, Address at) {
  std::optional<HeapBlock> out;
  walk_main_heap(process, at, [&](Address chunk, uint64_t size) {
    if (size == 0 || at >= chunk + size) return size != 0;
    out = HeapBlock{chunk + 16, size};
    return false;
  });
  return out;
}

std::optional<BlockStart> block_start(const Process& process, Address memory) {
  std::optional<BlockStart> out;
  std::optional<HeapBlock> before;
  walk_main_heap(process, memory, [&](Address chunk, uint64_t size) {
    if (chunk + 16 == memory) out = BlockStart{.is_block = true, .before = before};
    if (chunk + 16 > memory) out = BlockStart{.is_block = false};
    before = HeapBlock{chunk + 16, size};
    return !out && size != 0;
  });
  return out;
}

std::string global_pointer_to(const Process& process, Address block) {
  uint64_t budget = 32 << 20;
  size_t most_names = 256;  // of words that match, each looked up
  const auto& snapshot = process.snapshot();
  for (const auto& region : snapshot.regions) {
    if (region.access && !region.access->write) continue;
    const auto* module = snapshot.module_at(region.range.begin);
    if (!module || is_runtime(*module)) continue;
    for (Address at = region.range.begin; at < region.range.end && budget > 0;) {
      Bytes run = snapshot.memory.view(at, region.range.end - at);
      if (run.empty()) break;
      run = run.first(std::min<uint64_t>(run.size(), budget));
      budget -= run.size();
      for (size_t k = 0; k + 8 <= run.size(); k += 8) {
        uint64_t word;
        std::memcpy(&word, run.data() + k, 8);
        if (word != block.value) continue;
        if (most_names-- == 0) return {};
        if (auto words = words_of_global(process, *module, at + k); !words.empty()) return words;
      }
      at = at + run.size();
    }
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
