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

}  // namespace

void add_freed_pointer(const Process& process, const OwnAbort& abort, std::string_view message,
                       Finding& finding) {
  auto freed = find_freed_pointer(process, *abort.stack, abort.calls);
  if (!freed) return;
  Address pointer = freed->pointer;
  Whereabouts where = whereabouts(process, pointer);
  std::string name = freed->name.empty() ? "" : fmt::format(" (`{}`)", freed->name);
  finding.evidence.push_back(
      {.what = fmt::format("`{}` was given {}{}, {}{}", freed->function, pointer, name,
                           freed->source, where.text.empty() ? "" : ": it lies " + where.text),
       .thread = abort.thread->id,
       .address = pointer});
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
  if (finding.kind == Kind::heap_corruption && message.find("next size") != message.npos) {
    add_next_block(process, pointer, header->size, finding);
  }
}

}  // namespace inquest::cause
