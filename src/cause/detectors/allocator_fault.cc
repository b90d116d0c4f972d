// A memory fault inside of malloc or free. The allocator follows its own links and sizes: when that
// leads nowhere, either it was given a pointer that is no block, or its bookkeeping was overwritten
// earlier. glibc (2.3 to 2.41, 64 bit): free reads the size word 8 bytes in front of the block
// before anything else; blocks of 128 KiB and more (mallopt(3), M_MMAP_THRESHOLD) are mappings of
// their own, which begin on a page with a header of 16 bytes, and free gives them back to the
// system.
#include <algorithm>

#include "cause/detectors/detectors.h"
#include "cause/evidence.h"
#include "cause/fault/fault.h"
#include "cause/fault/story.h"
#include "cause/runtime/freed_pointer.h"
#include "cause/runtime/refused_free.h"

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;

constexpr uint64_t kPage = 4096;
constexpr uint64_t kHeader = 16;

/// Whether malloc writes such a word into a freed block: the end of a free list is the number of
/// the page that the block lies in ("safe linking", glibc 2.32 and later).
bool is_end_of_free_list(const Process& process, Address word) {
  constexpr unsigned kShift = 12;
  if (word.value == 0 || word.value >> (47 - kShift) != 0) return false;
  const auto* page = process.snapshot().region_at(Address{word.value << kShift});
  return page && page->access && page->access->write &&
         !process.snapshot().module_at(page->range.begin);
}

Finding freed_what_is_not_there(const Process& process, Address pointer) {
  Finding finding{.kind = Kind::invalid_free, .confidence = 0.9};
  finding.summary = fmt::format("free was given {}, where no memory is", pointer);
  finding.evidence.push_back(
      {.what = fmt::format("free reads the size word in front of the block, at {}, and nothing is "
                           "mapped there",
                           pointer - 8),
       .address = pointer - 8});
  if (pointer.value % kPage == kHeader) {
    finding.kind = Kind::double_free;
    finding.confidence = 0.93;
    finding.summary =
        fmt::format("free was given {}, a large block that has been freed before", pointer);
    finding.evidence.push_back(
        {.what = "the pointer is 16 bytes into a page, as blocks are that malloc maps on their own "
                 "(128 KiB and more): freeing one gives its memory back to the system at once",
         .address = pointer});
    finding.next.push_back("find the two owners of the block: a pointer kept after it was freed");
  } else if (is_end_of_free_list(process, pointer)) {
    finding.kind = Kind::use_after_free;
    finding.summary = fmt::format(
        "Use after free: an object that had been freed already was destroyed, or used, once more; "
        "free was given {}, which malloc had written into it",
        pointer);
    finding.evidence.push_back(
        {.what = fmt::format("{} is the number of the page at {:#x}, which is heap: the end of a "
                             "list of freed blocks, as malloc writes it into the first word of one",
                             pointer, pointer.value << 12)});
    finding.next.push_back("find who deleted the object before, and who still had it");
  } else {
    finding.next.push_back("the pointer was overwritten, never set, or its block went away before");
  }
  return finding;
}

}  // namespace

Findings detect_allocator_fault(const Process& process) {
  auto site = fault_site(process);
  if (!site || !site->stack) return {};
  if (!site->is(sig::segv) && !site->is(sig::bus)) return {};
  const SiteCalls at = calls_at(process, *site);
  const auto& calls = at.calls;
  size_t entry = entry_of_allocator(calls);
  if (entry == kNoCall) return {};
  size_t own = find_own_call(calls, entry + 1);
  std::string where = own == kNoCall ? "" : place_of(process, calls[own]);
  std::string function = plain_name(calls[entry].function);
  if (function.starts_with("__libc_")) function.erase(0, std::string_view("__libc_").size());

  auto finish = [&](Finding finding) -> Findings {
    if (own != kNoCall) {
      finding.evidence.push_back({.what = fmt::format("{} called {}", where, function),
                                  .thread = site->thread_id,
                                  .frame = at.shown_index(own)});
    }
    std::ranges::move(handler_evidence(*site), std::back_inserter(finding.evidence));
    return {std::move(finding)};
  };
  Finding finding;
  auto rdi = site->registers.get(snapshot::x64::rdi);
  bool frees = is_any(calls[entry], {"free", "cfree", "__libc_free"});
  if (process.arch() == snapshot::Arch::x86_64 && frees &&
      calls[entry].frame == site->frame_index && rdi && site->address &&
      site->address->value == *rdi - 8) {
    finding = freed_what_is_not_there(process, Address{*rdi});
    if (!where.empty()) finding.summary += fmt::format("; freed in {}", where);
  } else if (frees && site->address && site->address->value < kPage) {
    return {};
  } else {
    finding.kind = Kind::heap_corruption;
    finding.confidence = 0.9;
    finding.summary =
        fmt::format("{} fell over its own bookkeeping, which was overwritten earlier{}", function,
                    where.empty() ? "" : "; noticed in " + where);
    finding.evidence.push_back(
        {.what = fmt::format("the fault is inside of {}, which follows nothing but its own links "
                             "and sizes",
                             function),
         .thread = site->thread_id,
         .frame = at.shown_index(0)});
    if (site->frame_index == 0) {
      if (const auto* thread = process.snapshot().thread_by_id(site->thread_id)) {
        add_freed_pointer(process, *thread, *site->stack, calls, "", finding);
      }
    }
    if (!finding.next.empty()) return finish(finding);
    finding.next.push_back(
        "the damage was done earlier and elsewhere (a write past the end of a "
        "block, or to a freed one): build with -fsanitize=address");
  }
  return finish(std::move(finding));
}

}  // namespace inquest::cause
