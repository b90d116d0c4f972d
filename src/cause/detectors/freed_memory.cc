// Use after free, where it is proved: the pointer at fault was loaded from a block that the
// allocator has as free, or whose bytes are its links.
#include <algorithm>

#include "cause/detectors/detectors.h"
#include "cause/detectors/filled_object.h"
#include "cause/fault/brief_name.h"
#include "cause/fault/fault.h"
#include "cause/fault/pointer_bytes.h"
#include "cause/fault/story.h"
#include "cause/runtime/heap_view.h"

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;

/// Why a block is known to be free.
struct Proof {
  std::string what;
  double confidence = 0;
};

/// glibc 2.32 and later keep the next free block of a tcache or fast bin in the first word of a
/// block, as (address of the word >> 12) xor next ("safe linking", malloc.c, PROTECT_PTR).
std::optional<Proof> safe_link(const Process& process, Address block) {
  auto word = process.memory().read<le64>(block);
  auto header = process.memory().read<le64>(block - 8);
  if (!word || !header || block.value % 16 != 0 || *word == 0) return {};
  uint64_t size = *header & ~uint64_t{7};
  if (size < 32 || size > (1 << 20) || size % 16 != 0) return {};
  Address next{*word ^ (block.value >> 12)};
  const auto* home = process.snapshot().region_at(block);
  const auto* there = process.snapshot().region_at(next);
  std::string link = fmt::format(
      "the first word of the object at {} is {:#x}: glibc's protected "
      "free-list link to {}, so the block of {} bytes was free",
      block, static_cast<uint64_t>(*word),
      next.value == 0 ? "the end of the list" : fmt::format("{}", next), size);
  if (next.value == 0) return Proof{link, 0.9};
  if (next.value % 16 != 0 || !home || !there) return {};
  bool same = home == there || (home->file == "[heap]" && there->file == "[heap]");
  bool near = (next.value ^ block.value) >> 26 == 0;  // glibc's arenas are of 64 MiB
  if (!same && !near) return {};
  return Proof{link, 0.92};
}

/// A block in the unsorted, small or large bins: links both ways, and the block behind it says
/// that the one before is free (PREV_INUSE clear) and how large it is.
std::optional<Proof> bin_links(const Process& process, Address block) {
  const auto& memory = process.memory();
  auto header = memory.read<le64>(block - 8);
  if (!header || block.value % 16 != 0) return {};
  uint64_t size = *header & ~uint64_t{7};
  if (size < 32 || size > (1ull << 32)) return {};
  auto copy = memory.read<le64>(block - 16 + size);
  auto after = memory.read<le64>(block - 16 + size + 8);
  auto forward = memory.read<le64>(block), backward = memory.read<le64>(block + 8);
  if (!copy || !after || !forward || !backward) return {};
  if (*copy != size || (*after & 1) != 0) return {};
  const auto& snapshot = process.snapshot();
  if (!snapshot.region_at(Address{*forward}) || !snapshot.region_at(Address{*backward})) return {};
  return Proof{
      fmt::format("the object at {} is a free block of {} bytes of glibc's heap: the block "
                  "behind it says so, and its first words are links of a free list ({:#x}, "
                  "{:#x})",
                  block, size, static_cast<uint64_t>(*forward), static_cast<uint64_t>(*backward)),
      0.92};
}

/// The allocator's own word for it, where its books are in the dump and sound.
Proof allocator_says(const HeldBlock& held, Address object) {
  const heap::Block& block = held.block;
  std::string where =
      object == block.address()
          ? fmt::format("the block of {} bytes at {}", block.size, object)
          : fmt::format("the block of {} bytes at {}, {} bytes into which {} lies", block.size,
                        block.address(), object - block.address(), object);
  std::string how = "free";
  if (block.state() == heap::State::cached) how = "in a cache of freed blocks";
  if (block.state() == heap::State::unused) how = "part of the heap's unused rest";
  return {fmt::format("{} is {}, say the books of {}", where, how, held.allocator), 0.94};
}

std::optional<Proof> free_block(const Process& process, HeapView& heap, Address block) {
  const auto* region = process.snapshot().region_at(block);
  if (!region || (region->access && !region->access->write)) return {};
  if (process.snapshot().module_at(block)) return {};
  if (auto held = heap.at(block)) {
    // What was given out again since looks like nothing but a living object.
    if (held->block.state() == heap::State::used) return {};
    return allocator_says(*held, block);
  }
  if (!region->access) return {};
  if (auto proof = safe_link(process, block)) return proof;
  return bin_links(process, block);
}

/// A pattern that is written into freed memory says as much of the object that held the pointer, if
/// that is not alive. Of no object that is known it is a hint only, but on Windows, where what is
/// given out again gets another pattern.
std::optional<Proof> fill_says(const Process& process, HeapView& heap, const Story& story,
                               const PointerLook& look) {
  const FilledObjectView object = look_at_filled_object(process, heap, story);
  if (object.is == FilledObject::alive) return {};
  const bool is_sure = story.holder_object || process.snapshot().os == snapshot::Os::windows;
  return Proof{fmt::format("the pointer {:#x} {}{}{}", *story.pointer, look.what,
                           object.words.empty() ? "" : "; ", object.words),
               is_sure ? 0.7 : 0.45};
}

/// A pointer that looks as one to a block of 128 KiB or more does, where nothing is mapped: malloc
/// maps such a block on its own, 16 bytes behind the beginning of a page, and free gives it back to
/// the system at once (mallopt(3), M_MMAP_THRESHOLD). One stray pointer to 16-byte aligned memory
/// in 256 looks like that too.
std::optional<Proof> large_block_gone(const Process& process, const FaultSite& site,
                                      const Story& story) {
  constexpr uint64_t kPage = 4096, kHeader = 16;
  const auto& snapshot = process.snapshot();
  if (!story.pointer || site.access == AccessKind::execute || !snapshot.complete) return {};
  const Address block{*story.pointer};
  if (block.value % kPage != kHeader || story.offset < 0 || story.offset > INT32_MAX) return {};
  if (snapshot.os != snapshot::Os::linux || site.code != sig::segv_maperr) return {};
  if (snapshot.region_at(block - kHeader)) return {};
  if (snapshot.regions.empty() || snapshot.region_at(*site.address)) return {};
  // Where the kernel puts mappings: among or below those of the libraries, far from the program.
  const bool is_among = std::ranges::any_of(snapshot.regions, [&](const auto& region) {
    const uint64_t begin = region.range.begin.value;
    return begin >> 40 == block.value >> 40 && begin > block.value;
  });
  if (!is_among) return {};
  return Proof{fmt::format("the pointer {} is 16 bytes into a page, as blocks are that malloc maps "
                           "on their own (128 KiB and more), and nothing is mapped there: freeing "
                           "one gives its memory back to the system at once",
                           block),
               0.75};
}

struct Holder {
  Address at;
  std::string type;   ///< empty when not known
  std::string words;  ///< of the pointer to it
};

/// Objects whose members led to the bad pointer, innermost first: the holder, and what held it.
std::vector<Holder> holders(const Story& story) {
  std::vector<Holder> out;
  auto add = [&](const FrameView& view, ValueId id) {
    auto at = view.concrete(id);
    if (!at || std::any_of(out.begin(), out.end(), [&](auto& h) { return h.at.value == *at; })) {
      return;
    }
    PointerType type = pointee(view.name_of(id).type);
    out.push_back({Address{*at}, brief_name(name_of_type(type)), view.describe(id)});
  };
  if (!story.provenance) return out;
  for (const Step& step : story.provenance->steps) {
    const FrameView& view = *step.view;
    ValueId id = step.value;
    for (unsigned depth = 0; depth < 3; ++depth) {
      Value v = view.values()[id];
      while (v.form == Form::sum || v.form == Form::element || v.form == Form::narrow) {
        id = v.base;
        v = view.values()[id];
      }
      add(view, id);
      if (v.form != Form::load) break;
      const Value address = view.values()[v.base];
      id = address.form == Form::sum ? address.base : v.base;
    }
    add(view, id);
  }
  return out;
}

}  // namespace

Findings detect_use_after_free(const Process& process) {
  auto site = fault_site(process);
  if (!site || process.arch() != snapshot::Arch::x86_64) return {};
  if (!(site->is(sig::segv) || site->is(sig::bus)) || !site->address) return {};
  // Free blocks are what malloc and free work on: detect_allocator_fault knows more of them.
  if (is_in_allocator(process, *site)) return {};
  Story story = tell(process, *site);

  Finding finding{.kind = Kind::use_after_free};
  HeapView heap(process);
  std::optional<Proof> proof;
  Address block;
  std::string type, words;
  for (const Holder& holder : holders(story)) {
    proof = free_block(process, heap, holder.at);
    if (!proof) continue;
    block = holder.at;
    type = holder.type;
    words = holder.words;
    break;
  }
  auto look = story.pointer ? look_at(*story.pointer, process.snapshot()) : std::nullopt;
  if (!proof && look && look->is_freed_fill) {
    proof = fill_says(process, heap, story, *look);
    if (story.holder_object) block = *story.holder_object;
  }
  bool is_large = false;
  if (!proof) {
    proof = large_block_gone(process, *site, story);
    is_large = proof.has_value();
    if (is_large) block = Address{*story.pointer};
  }
  if (!proof) return {};

  finding.confidence = proof->confidence;
  std::string object = type.empty() ? "object" : fmt::format("`{}`", type);
  if (block.value != 0) object += fmt::format(" at {}", block);
  std::string used = site->access == AccessKind::execute
                         ? "a call through what it held went astray"
                         : "what was read from it was followed as a pointer";
  if (story.holder_object == block && !story.held.empty()) {
    used = fmt::format("the pointer {} was followed", story.held);
  }
  std::string where = story.where.empty() ? "" : ", " + story.where;
  if (is_large) {
    std::string name = story.pointer_name.empty() ? "" : " " + story.pointer_name;
    std::string held = story.held.empty() ? "" : ", " + story.held;
    std::string access = access_words(*site, story);
    access.front() = site->access == AccessKind::write ? 'w' : 'r';
    finding.summary = fmt::format(
        "Use after free: {} through the pointer {}{}{}{}: it points to a large block that is not "
        "there any more.",
        access, block, name, held, where);
  } else {
    finding.summary =
        fmt::format("Use after free: the {} had already been freed; {}{}.", object, used, where);
  }
  if (!words.empty()) {
    finding.evidence.push_back(
        {.what = fmt::format("the freed object is where {} points to", words),
         .thread = site->thread_id,
         .address = block});
  }
  finding.evidence.push_back({.what = proof->what, .thread = site->thread_id, .address = block});
  finding.evidence.push_back(instruction_evidence(process, *site));
  std::ranges::move(handler_evidence(*site), std::back_inserter(finding.evidence));
  std::copy(story.evidence.begin(), story.evidence.end(), std::back_inserter(finding.evidence));
  finding.next = {fmt::format("find who still keeps {} and was not told of its end", block)};
  return {std::move(finding)};
}

}  // namespace inquest::cause
