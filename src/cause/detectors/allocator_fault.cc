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
#include "cause/runtime/freed_pointer.h"
#include "cause/runtime/refused_free.h"

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;

constexpr uint64_t kPage = 4096;
constexpr uint64_t kHeader = 16;

Finding freed_what_is_not_there(const Process& process, Address pointer) {
  bool mapping = pointer.value % kPage == kHeader;
  Finding finding{.kind = mapping ? Kind::double_free : Kind::invalid_free,
                  .confidence = mapping ? 0.93 : 0.9};
  finding.summary =
      mapping ? fmt::format("free was given {}, a large block that has been freed before", pointer)
              : fmt::format("free was given {}, where no memory is", pointer);
  finding.evidence.push_back(
      {.what = fmt::format("free reads the size word in front of the block, at {}, and nothing is "
                           "mapped there",
                           pointer - 8),
       .address = pointer - 8});
  if (mapping) {
    finding.evidence.push_back(
        {.what = "the pointer is 16 bytes into a page, as blocks are that malloc maps on their own "
                 "(128 KiB and more): freeing one gives its memory back to the system at once",
         .address = pointer});
    finding.next.push_back("find the two owners of the block: a pointer kept after it was freed");
  } else {
    finding.next.push_back("the pointer was overwritten, never set, or its block went away before");
  }
  (void)process;
  return finding;
}

}  // namespace

Findings detect_allocator_fault(const Process& process) {
  auto site = fault_site(process);
  if (!site || !site->stack || site->frame_index != 0) return {};
  if (!site->is(sig::segv) && !site->is(sig::bus)) return {};
  auto calls = calls_of(process, *site->stack, 48);
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
                                  .frame = frame_index(calls, own)});
    }
    return {std::move(finding)};
  };
  Finding finding;
  auto rdi = site->registers.get(snapshot::x64::rdi);
  bool frees = is_any(calls[entry], {"free", "cfree", "__libc_free"});
  if (process.arch() == snapshot::Arch::x86_64 && frees && calls[entry].frame == 0 && rdi &&
      site->address && site->address->value == *rdi - 8) {
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
         .frame = 0});
    if (site->stack) {
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
