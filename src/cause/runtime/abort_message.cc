#include "cause/runtime/abort_message.h"

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "cause/calls.h"

namespace inquest::cause {
namespace {

using answer::Kind;

constexpr uint64_t kMessagePage = 4096;
constexpr uint64_t kLongestMessage = 1 << 20;
/// What a search may cost in all: bytes of writable data looked at, records read in full.
struct Budget {
  uint64_t bytes = 32 << 20;
  size_t records = 1000;
};

bool is_text(unsigned char c) { return (c >= 0x20 && c != 0x7f) || c == '\n' || c == '\t'; }

/// The message behind a pointer to abort_msg_s, when what lies there has its shape.
std::optional<AbortMessage> message_at(const snapshot::Memory& memory, Address at) {
  if (at.value == 0 || at.value % kMessagePage != 0) return {};
  auto size = memory.read<uint32_t>(at);
  if (!size || *size == 0 || *size % kMessagePage != 0 || *size > kLongestMessage) return {};
  auto text = memory.read_string(at + 4, std::min<uint64_t>(*size, kLimits.string_bytes));
  if (!text || text->size() < 4) return {};
  if (!std::all_of(text->begin(), text->end(), is_text)) return {};
  // The mapping is as large as the text needs, in whole pages.
  uint64_t needed = (text->size() + 4 + 1 + kMessagePage - 1) / kMessagePage * kMessagePage;
  if (*size != needed && *size != needed + kMessagePage) return {};
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return AbortMessage{.text = std::move(*text), .at = at + 4};
}

/// Looks for a word that points to an abort_msg_s in the writable data of `module`, its .bss (an
/// anonymous region right behind) included.
std::optional<AbortMessage> search_data(const Process& process, const snapshot::Module& module,
                                        Budget& budget) {
  const auto& snapshot = process.snapshot();
  auto region = std::lower_bound(
      snapshot.regions.begin(), snapshot.regions.end(), module.range.begin,
      [](const snapshot::Region& r, Address begin) { return r.range.begin < begin; });
  for (; region != snapshot.regions.end() && region->range.begin <= module.range.end; ++region) {
    bool behind = region->range.begin == module.range.end;
    if (behind && !region->file.empty()) break;
    if (region->access && !region->access->write) continue;
    for (Address at = region->range.begin; at < region->range.end;) {
      Bytes run = snapshot.memory.view(at, region->range.end - at);
      if (run.empty()) break;
      if (run.size() > budget.bytes) return {};
      budget.bytes -= run.size();
      for (size_t k = 0; k + 8 <= run.size(); k += 8) {
        uint64_t word;
        std::memcpy(&word, run.data() + k, 8);
        if (word == 0 || word % kMessagePage != 0) continue;
        auto size = snapshot.memory.read<uint32_t>(Address{word});
        if (!size || *size == 0 || *size % kMessagePage != 0) continue;
        if (budget.records == 0) return {};
        --budget.records;
        if (auto found = message_at(snapshot.memory, Address{word})) return found;
      }
      at = at + run.size();
    }
  }
  return {};
}

struct Pattern {
  std::string_view text;  ///< contained in the message
  Kind kind;
  double confidence;
  std::string_view what;
  std::string_view damage;
};

constexpr std::string_view kOverrun =
    "something wrote past the end (or before the start) of a block";

/// The first match wins.
constexpr Pattern kPatterns[] = {
    {"stack smashing detected", Kind::stack_smash, 0.97,
     "a function wrote past the end of a local array",
     "the canary between its locals and its return address was overwritten"},
    {"buffer overflow detected", Kind::stack_smash, 0.8,
     "a checked copy (strcpy, sprintf, memcpy, read...) was about to write past the end of its "
     "destination",
     "the destination's size, known to the compiler (_FORTIFY_SOURCE), is smaller than what was to "
     "be written"},
    {"double free detected in tcache", Kind::double_free, 0.97, "a block was freed twice",
     "the freed block is already in the thread's cache of free blocks"},
    {"double free or corruption (fasttop)", Kind::double_free, 0.95, "a block was freed twice",
     "the freed block is already the newest in its list of small free blocks"},
    {"double free or corruption (top)", Kind::double_free, 0.9, "a block was freed twice",
     "the freed block is already part of the unused top of the heap"},
    {"double free or corruption (!prev)", Kind::double_free, 0.85, "a block was freed twice",
     "the block behind it says that the freed block is already free"},
    {"double free or corruption (out)", Kind::heap_corruption, 0.85,
     "the heap's bookkeeping was overwritten",
     "by its size word the freed block would end outside the heap: the word in front of it is "
     "damaged"},
    {"free(): invalid pointer", Kind::invalid_free, 0.9,
     "free was given a pointer that is not the start of a heap block",
     "the pointer is not aligned as blocks are, or the block would wrap around the address space"},
    {"munmap_chunk(): invalid pointer", Kind::invalid_free, 0.9,
     "free was given a pointer that is not the start of a heap block",
     "the word in front of it claims a block that is a mapping of its own, but it does not begin "
     "on a page"},
    {"realloc(): invalid pointer", Kind::invalid_free, 0.9,
     "realloc was given a pointer that is not the start of a heap block",
     "the pointer is not aligned as blocks are, or the block would wrap around the address space"},
    {"mremap_chunk(): invalid pointer", Kind::invalid_free, 0.9,
     "realloc was given a pointer that is not the start of a heap block",
     "the word in front of it claims a block that is a mapping of its own, but it does not begin "
     "on a page"},
    {"free(): invalid size", Kind::heap_corruption, 0.9, "the heap's bookkeeping was overwritten",
     "the size word in front of the freed block is not a size that a block can have"},
    {"free(): invalid next size", Kind::heap_corruption, 0.95,
     "the heap's bookkeeping was overwritten",
     "the size word of the block behind the freed one is not possible: most often the freed block "
     "was written past its end"},
    {"invalid next size", Kind::heap_corruption, 0.93, "the heap's bookkeeping was overwritten",
     "the size word of the next block is not possible: most often the block before it was written "
     "past its end"},
    {"invalid old size", Kind::heap_corruption, 0.93, "the heap's bookkeeping was overwritten",
     "the size word in front of the block is not possible"},
    {"corrupted size vs. prev_size", Kind::heap_corruption, 0.95,
     "the heap's bookkeeping was overwritten",
     "a free block and the block behind it disagree about its size: the block before the free one "
     "was written past its end, or a freed block was written to"},
    {"corrupted top size", Kind::heap_corruption, 0.95, "the heap's bookkeeping was overwritten",
     "the size word of the unused top of the heap was overwritten: the newest block was written "
     "past its end"},
    {"corrupted double-linked list", Kind::heap_corruption, 0.95,
     "the heap's bookkeeping was overwritten",
     "the list links inside a free block do not lead back to it: a freed block was written to, or "
     "the block before it was written past its end"},
    {"unaligned tcache chunk", Kind::heap_corruption, 0.95,
     "the heap's bookkeeping was overwritten",
     "the list link inside a small free block was overwritten: a freed block was written to (use "
     "after free), or the block before it was written past its end"},
    {"unaligned fastbin chunk", Kind::heap_corruption, 0.95,
     "the heap's bookkeeping was overwritten",
     "the list link inside a small free block was overwritten: a freed block was written to (use "
     "after free), or the block before it was written past its end"},
    {"too many chunks detected in tcache", Kind::heap_corruption, 0.93,
     "the heap's bookkeeping was overwritten", "the thread's cache of free blocks was overwritten"},
    {"memory corruption", Kind::heap_corruption, 0.93, "the heap's bookkeeping was overwritten",
     "a free list holds something that is not a free block of its size"},
    {"unsorted", Kind::heap_corruption, 0.93, "the heap's bookkeeping was overwritten",
     "the list of lately freed blocks is damaged: a freed block was written to, or the block "
     "before it was written past its end"},
    {"malloc_consolidate()", Kind::heap_corruption, 0.93, "the heap's bookkeeping was overwritten",
     "a list of small free blocks is damaged: a freed block was written to, or the block before it "
     "was written past its end"},
    {"largebin", Kind::heap_corruption, 0.93, "the heap's bookkeeping was overwritten",
     "a list of large free blocks is damaged"},
    {"smallbin double linked list corrupted", Kind::heap_corruption, 0.93,
     "the heap's bookkeeping was overwritten", "a list of free blocks is damaged"},
    {"malloc(): invalid size", Kind::heap_corruption, 0.93,
     "the heap's bookkeeping was overwritten",
     "the size word of a free block is not possible: the block before it was written past its end"},
    {"malloc(): ", Kind::heap_corruption, 0.9, "the heap's bookkeeping was overwritten", ""},
    {"free(): ", Kind::heap_corruption, 0.85, "the heap's bookkeeping was overwritten", ""},
    {"realloc(): ", Kind::heap_corruption, 0.85, "the heap's bookkeeping was overwritten", ""},
    {"malloc assertion failure", Kind::heap_corruption, 0.92,
     "the heap's bookkeeping was overwritten",
     "malloc found its own bookkeeping impossible: most often the newest block was written past "
     "its end, over the size of the heap's unused top"},
    {"Fatal glibc error: malloc.c", Kind::heap_corruption, 0.92,
     "the heap's bookkeeping was overwritten",
     "malloc found its own bookkeeping impossible: most often the newest block was written past "
     "its end, over the size of the heap's unused top"},
    {"chunk_main_arena", Kind::heap_corruption, 0.85, "the heap's bookkeeping was overwritten", ""},
};

/// "PROGRAM: FILE:LINE: FUNCTION: Assertion `CONDITION' failed."; FUNCTION and PROGRAM may lack.
bool parse_assertion(std::string_view text, AbortMeaning& out) {
  constexpr std::string_view kBegin = "Assertion `";
  constexpr std::string_view kEnd = "' failed.";
  size_t begin = text.find(kBegin);
  size_t end = text.rfind(kEnd);
  if (begin == text.npos || end == text.npos || end < begin + kBegin.size()) return false;
  out.condition = std::string(text.substr(begin + kBegin.size(), end - begin - kBegin.size()));
  std::string_view head = text.substr(0, begin);
  while (head.ends_with(' ') || head.ends_with(':')) head.remove_suffix(1);
  // The line is the first ":digits" that is followed by ':' or the end.
  for (size_t colon = head.find(':'); colon != head.npos; colon = head.find(':', colon + 1)) {
    size_t digits = colon + 1, stop = digits;
    while (stop < head.size() && head[stop] >= '0' && head[stop] <= '9') ++stop;
    if (stop == digits || (stop < head.size() && head[stop] != ':')) continue;
    std::from_chars(head.data() + digits, head.data() + stop, out.line);
    std::string_view file = head.substr(0, colon);
    if (size_t space = file.find(": "); space != file.npos) file = file.substr(space + 2);
    out.file = std::string(file);
    if (stop + 2 <= head.size()) out.function = std::string(head.substr(stop + 2));
    break;
  }
  return true;
}

std::string_view advice_for(Kind kind) {
  switch (kind) {
    case Kind::double_free:
      return "find the two owners of the block: a raw pointer copied with its object, or a pointer "
             "kept after delete; build with -fsanitize=address to see both frees";
    case Kind::invalid_free:
      return "free only what malloc or new returned: look for a pointer into the middle of a "
             "block, an array or object that is not on the heap, or delete through a base class "
             "without a virtual destructor";
    case Kind::heap_corruption:
      return "the damage was done earlier and elsewhere: build with -fsanitize=address, or look "
             "at who owns the block in front of the damaged bytes";
    case Kind::stack_smash:
      return "bound the copy into the local array (snprintf, std::string)";
    default:
      return {};
  }
}

}  // namespace

std::optional<AbortMessage> find_abort_message(const Process& process) {
  const auto& snapshot = process.snapshot();
  if (snapshot::pointer_size(snapshot.arch) != 8) return {};
  bool named = false;
  for (const auto& module : snapshot.modules) {
    if (!is_runtime(module) && !module.is_main) continue;
    auto rva = process.symbols(module).find("__abort_msg");
    if (!rva) continue;
    auto pointer = snapshot.memory.read<uint64_t>(module.range.begin + rva->value);
    if (!pointer) continue;
    named = true;
    if (*pointer == 0) continue;
    if (auto message = message_at(snapshot.memory, Address{*pointer})) {
      message->by_symbol = true;
      return message;
    }
  }
  if (named) return {};  // the library is there and says that it had nothing to say
  Budget budget;
  for (const auto& module : snapshot.modules) {
    if (!is_runtime(module) && !module.is_main) continue;
    if (auto message = search_data(process, module, budget)) return message;
    if (budget.records == 0) break;
  }
  return {};
}

AbortMeaning meaning_of(std::string_view message) {
  AbortMeaning out;
  if (parse_assertion(message, out)) {
    // malloc's own assertions ("malloc.c:2617: sysmalloc: ...") mean a damaged heap.
    bool in_malloc = out.file.ends_with("malloc.c") || out.file.ends_with("arena.c");
    out.kind = in_malloc ? Kind::heap_corruption : Kind::assertion;
    out.confidence = in_malloc ? 0.9 : 0.98;
    out.what = in_malloc ? "the heap's bookkeeping was overwritten" : "an assertion failed";
    if (in_malloc) {
      out.damage = "malloc found its own bookkeeping impossible";
      out.advice = std::string(advice_for(out.kind));
    }
    return out;
  }
  for (const auto& pattern : kPatterns) {
    if (message.find(pattern.text) == message.npos) continue;
    out.kind = pattern.kind;
    out.confidence = pattern.confidence;
    out.what = std::string(pattern.what);
    out.damage = std::string(pattern.damage.empty() ? kOverrun : pattern.damage);
    out.advice = std::string(advice_for(pattern.kind));
    return out;
  }
  out.kind = Kind::abort;
  out.confidence = 0.85;
  out.what = "the C library gave up";
  return out;
}

}  // namespace inquest::cause
