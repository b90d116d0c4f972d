#include "cause/runtime/refused_free.h"

#include <array>

#include "cause/evidence.h"
#include "cause/runtime/freed_pointer.h"
#include "cause/runtime/heap_block.h"

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;

/// The word at `at` is where a size should be: which bytes are there, and of what text.
std::string damaged_word(const Process& process, Address at) {
  std::array<std::byte, 8> raw{};
  if (process.memory().read(at, raw) != raw.size()) return "is not in the dump";
  Address begin;
  std::string text = text_around(process.memory(), at, begin);
  if (!text.empty() && text.size() > raw.size()) {
    return fmt::format("lies in the text \"{}\", which begins at {}", shortened(text, 200), begin);
  }
  uint64_t word = 0;
  std::memcpy(&word, raw.data(), raw.size());
  return fmt::format("is {:#x} (bytes {})", word, bytes_text(raw));
}

/// The end of a text: what ran over stands there.
std::string last_of(std::string_view text, size_t limit) {
  if (text.size() <= limit) return std::string(text);
  return "..." + std::string(text.substr(text.size() - limit));
}

void add_next_block(const Process& process, Address pointer, uint64_t size, Finding& finding);

/// "(!prev)": a flag in the next block's size word says that the freed block is free already. Where
/// that word is no size, it was overwritten, and its flag says nothing.
void blame_next_size_word(const Process& process, Address pointer, uint64_t size,
                          Finding& finding) {
  auto next = chunk_header(process.memory(), pointer + size);
  const auto* region = process.snapshot().region_at(pointer);
  if (!next || !region) return;
  bool fits = pointer - 16 + size < region->range.end &&
              next->size <= region->range.end - (pointer - 16 + size);
  if (next->plausible && fits && !next->is_other_arena) return;
  finding.kind = Kind::heap_corruption;
  finding.summary = "the heap's bookkeeping was overwritten";
  finding.evidence.push_back(
      {.what = "glibc took it for a double free, by a flag in the next block's size word; but that "
               "word is not a size that a block can have, so the flag says nothing",
       .address = pointer - 8 + size});
  finding.next = {
      "build with -fsanitize=address, which stops at the write that went out of its "
      "block"};
  add_next_block(process, pointer, size, finding);
}

/// The block before the damage was written past its end: name it, and what ran over.
void add_next_block(const Process& process, Address pointer, uint64_t size, Finding& finding) {
  Address next = pointer - 16 + size;
  finding.evidence.push_back({.what = fmt::format("the next block's size word, at {}, {}", next + 8,
                                                  damaged_word(process, next + 8)),
                              .address = next + 8});
  Address begin;
  std::string text = text_around(process.memory(), next + 8, begin);
  if (text.empty() || begin < pointer - 1) return;
  finding.summary += fmt::format(": the block at {} ({} bytes) was overrun by the text \"{}\"",
                                 pointer, size - 8, last_of(text, 60));
}

/// Whether the word in front of a block, known to be one, is what the allocator stumbled over: it
/// is no size at all, or has flags that no block of the main heap has.
bool size_word_is_damaged(const Process& process, const Finding& finding, std::string_view message,
                          Address pointer) {
  if (finding.kind != Kind::invalid_free && finding.kind != Kind::heap_corruption) return false;
  if (message.find("next size") != message.npos) return false;
  auto header = chunk_header(process.memory(), pointer);
  if (!header) return false;
  if (!header->plausible || header->is_mapped || header->is_other_arena) return true;
  const auto* region = process.snapshot().region_at(pointer);
  return region && header->size > region->range.end - (pointer - 16);
}

/// How far in front of `word` (a size word) the bytes that it holds go on: the same text, or the
/// same eight bytes again. `word` itself when they do not.
Address same_bytes_before(const Process& process, Address word, Address least) {
  const auto& memory = process.memory();
  Address begin;
  if (text_around(memory, word, begin).size() > 8 && begin < word) return std::max(begin, least);
  auto value = memory.read<uint64_t>(word);
  begin = word;
  while (begin > least && memory.read<uint64_t>(begin - 8) == value) begin = begin - 8;
  return begin;
}

/// The pointer is a block's, but the word in front of it was overwritten: by whom?
void blame_size_word(const Process& process, const BlockStart& start, Address pointer,
                     const std::string& noticed, Finding& finding) {
  finding.kind = Kind::heap_corruption;
  finding.confidence = std::max(finding.confidence, 0.93);
  finding.summary = fmt::format(
      "the heap's bookkeeping was overwritten: the size word in front of the block at {}", pointer);
  finding.evidence.push_back(
      {.what = fmt::format("the sizes of all blocks before it lead to {}: it is the start of a "
                           "block, as free wants it",
                           pointer),
       .address = pointer});
  finding.evidence.push_back({.what = fmt::format("the size word in front of it, at {}, {}",
                                                  pointer - 8, damaged_word(process, pointer - 8)),
                              .address = pointer - 8});
  finding.next = {
      "build with -fsanitize=address, which stops at the write that went out of its block"};
  if (!start.before) {
    finding.summary += noticed;
    return;
  }
  Address before = start.before->memory;
  uint64_t usable = start.before->size - 8;
  std::string owner = global_pointer_to(process, before);
  std::string block = fmt::format("the block at {} ({} bytes{})", before, usable,
                                  owner.empty() ? "" : ", held in " + owner);
  Address begin = same_bytes_before(process, pointer - 8, before);
  if (pointer - 8 - begin < 16) {
    finding.evidence.push_back(
        {.what = fmt::format("{} lies in front: either it was written past its end, or the freed "
                             "one before its start",
                             block),
         .address = before});
    finding.summary += noticed;
    return;
  }
  finding.summary += fmt::format(", when {} was written past its end{}", block, noticed);
  finding.evidence.push_back(
      {.what =
           fmt::format("{} lies in front, and what overwrote the size word begins inside of it, "
                       "at {}",
                       block, begin),
       .address = before});
}

}  // namespace

void add_freed_pointer(const Process& process, const snapshot::Thread& thread,
                       const unwind::Stack& stack, const std::vector<Call>& calls,
                       std::string_view message, Finding& finding) {
  auto freed = find_freed_pointer(process, stack, calls);
  if (!freed) return;
  Address pointer = freed->pointer;
  Whereabouts where = whereabouts(process, pointer);
  std::string name = freed->name.empty() ? "" : fmt::format(" (`{}`)", freed->name);
  finding.evidence.push_back(
      {.what = fmt::format("`{}` was given {}{}, {}{}", freed->function, pointer, name,
                           freed->source, where.text.empty() ? "" : ": it lies " + where.text),
       .thread = thread.id,
       .address = pointer});
  auto start = block_start(process, pointer);
  if (start && start->is_block && size_word_is_damaged(process, finding, message, pointer)) {
    std::string noticed =
        freed->call == kNoCall ? "" : "; noticed in " + place_of(process, calls[freed->call]);
    return blame_size_word(process, *start, pointer, noticed, finding);
  }
  if (finding.kind == Kind::invalid_free) {
    if (where.stack || where.module) {
      finding.confidence = 0.97;
      finding.summary += fmt::format(": {} lies {}", pointer, where.text);
      return;
    }
    if (auto block = block_around(process, pointer); block && block->memory != pointer) {
      finding.confidence = 0.97;
      finding.summary += fmt::format(": {} lies {} bytes into the block at {}", pointer,
                                     pointer - block->memory, block->memory);
      finding.evidence.push_back(
          {.what =
               fmt::format("the heap has a block of {} bytes at {}, and the pointer is {} bytes "
                           "into it: a member, an array element or a base class that is not "
                           "the first",
                           block->size - 8, block->memory, pointer - block->memory),
           .address = block->memory});
      return;
    }
    if (pointer.value % 16 != 0) {
      finding.evidence.push_back({.what = "blocks of malloc are aligned to 16 bytes, this pointer "
                                          "is not: it points into the middle of something",
                                  .address = pointer});
      return;
    }
  }
  auto header = chunk_header(process.memory(), pointer);
  if (!header) return;
  if (!header->plausible) {
    finding.evidence.push_back(
        {.what = fmt::format("the size word in front of it, at {}, {}", pointer - 8,
                             damaged_word(process, pointer - 8)),
         .address = pointer - 8});
    return;
  }
  finding.evidence.push_back(
      {.what = fmt::format("the size word in front of it says {} bytes{}", header->size,
                           header->is_mapped ? ", a mapping of its own" : ""),
       .address = pointer - 8});
  if (finding.kind == Kind::double_free && message.find("(!prev)") != message.npos && start &&
      start->is_block) {
    blame_next_size_word(process, pointer, header->size, finding);
  }
  if (finding.kind == Kind::heap_corruption && message.find("next size") != message.npos) {
    add_next_block(process, pointer, header->size, finding);
  }
}

}  // namespace inquest::cause
