// Wild pointers: an access where nothing is mapped, or where the processor refuses the address as
// non-canonical; a jump to such a place.
#include <algorithm>

#include "cause/detectors/detectors.h"
#include "cause/detectors/filled_object.h"
#include "cause/fault/fault.h"
#include "cause/fault/pointer_bytes.h"
#include "cause/fault/story.h"

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;

/// "read of `Guild::rank`, offset 44, through the pointer 0x6f6c... `guild`, held in ..."
std::string summary_of(const FaultSite& site, const Story& story,
                       const std::optional<PointerLook>& look, std::string_view what_is_there) {
  std::string held = story.held.empty() ? "" : ", " + story.held;
  std::string name = story.pointer_name.empty() ? "" : " " + story.pointer_name;
  std::string where = story.where.empty() ? "" : ", " + story.where;
  std::string access = site.access == AccessKind::execute ? "Jump to" : access_words(site, story);
  std::string pointer;
  if (site.access == AccessKind::execute) {
    pointer = fmt::format("{} through a pointer{}{}", *site.address, name, held);
  } else if (story.pointer) {
    std::string type = story.type.empty() ? "pointer" : fmt::format("`{}*`", story.type);
    pointer = fmt::format("through the {} {:#x}{}{}", type, *story.pointer, name, held);
  } else {
    pointer = fmt::format("at {}", *site.address);
  }
  std::string summary = fmt::format("{} {}{}: {}", access, pointer, where, what_is_there);
  if (look) summary += "; the pointer " + look->what;
  return summary + ".";
}

std::optional<PointerLook> look_of(const Process& process, const FaultSite& site,
                                   const Story& story) {
  std::optional<PointerLook> look;
  if (story.pointer) look = look_at(*story.pointer, process.snapshot());
  if (!look) look = look_at(site.address->value, process.snapshot());
  if (!look || !look->is_freed_fill) return look;
  HeapView heap(process);
  const FilledObjectView object = look_at_filled_object(process, heap, story);
  if (object.is == FilledObject::alive) {
    // Constructors set the pointer to the virtual table; members may be forgotten.
    const bool is_always_set = !story.virtual_table_of.empty();
    look->what += fmt::format("; but {}: {}", object.words,
                              is_always_set ? "it was written over what the constructor had set"
                                            : "it was left there and not set since, or written "
                                              "over what was");
    look->is_freed_fill = false;
    look->is_unset_fill = !is_always_set;
  }
  return look;
}

void add_evidence(const Process& process, const FaultSite& site, const Story& story,
                  Finding& finding) {
  finding.evidence.push_back(instruction_evidence(process, site));
  std::copy(story.evidence.begin(), story.evidence.end(), std::back_inserter(finding.evidence));
  std::ranges::move(handler_evidence(site), std::back_inserter(finding.evidence));
}

/// Whether the pointer itself is sound and only what was added to it is not.
bool pointer_is_mapped(const Process& process, const Story& story) {
  return story.pointer && story.offset != 0 &&
         process.snapshot().region_at(Address{*story.pointer});
}

Findings refused(const Process& process, const FaultSite& site, const Story& story) {
  Finding finding{.kind = Kind::non_canonical_address, .confidence = 0.92};
  auto look = look_of(process, site, story);
  finding.summary =
      summary_of(site, story, look,
                 fmt::format("no address of a process can be {} (non-canonical)", *site.address));
  add_evidence(process, site, story, finding);
  finding.evidence.push_back(
      {.what = "the processor reported a general protection fault, which names no address; "
               "the registers give it",
       .thread = site.thread_id,
       .address = site.address});
  if (look) finding.evidence.push_back({.what = "the pointer " + look->what});
  if (look && look->is_unset_fill) {
    finding.next.push_back(
        fmt::format("find the constructor, or the reader of data, that leaves "
                    "the pointer{} unset",
                    story.held.empty() ? "" : " " + story.held));
  } else if (story.holder) {
    finding.next.push_back(
        fmt::format("find out what wrote to {}: a neighbouring buffer that "
                    "overflowed, or a new owner of the memory",
                    *story.holder));
  }
  return {std::move(finding)};
}

Findings unmapped(const Process& process, const FaultSite& site, const Story& story) {
  const auto* region = process.snapshot().region_at(*site.address);
  std::string there = "nothing is mapped there";
  Finding finding{.kind = Kind::wild_pointer, .confidence = 0.85};
  if (region) {
    bool none = region->access && !region->access->read && !region->access->write &&
                !region->access->execute;
    // Readable memory that could not be read says that the picture is not complete.
    if (region->access && !none && site.access != AccessKind::write) finding.confidence = 0.55;
    there = none ? fmt::format("the pages there are reserved or a guard ({}-{}), not accessible",
                               region->range.begin, region->range.end)
                 : "the memory there could not be accessed in this way";
  }
  auto look = look_of(process, site, story);
  if (pointer_is_mapped(process, story) && site.access != AccessKind::execute) {
    there += fmt::format(", while {:#x} itself is: the offset or index is wrong", *story.pointer);
    look.reset();
  }
  finding.summary = summary_of(site, story, look, there);
  add_evidence(process, site, story, finding);
  if (look) finding.evidence.push_back({.what = "the pointer " + look->what});
  return {std::move(finding)};
}

}  // namespace

Findings detect_wild_pointer(const Process& process) {
  auto site = fault_site(process);
  if (!site || !site->address || !(site->is(sig::segv) || site->is(sig::bus))) return {};
  // Inside of malloc or free the pointer is the allocator's own: told by detect_allocator_fault.
  if (is_in_allocator(process, *site)) return {};
  if (site->address->value < kNullPages) return {};
  bool x64 = process.arch() == snapshot::Arch::x86_64;
  if (x64 && !is_canonical(*site->address) && !site->address_from_system) {
    return refused(process, *site, tell(process, *site));
  }
  if (site->is(sig::bus) || site->code == sig::si_kernel) return {};
  const auto* region = process.snapshot().region_at(*site->address);
  // Memory that is there but protected is told by its own detectors.
  if (region && region->access && region->access->read &&
      (site->access == AccessKind::write || site->access == AccessKind::execute)) {
    return {};
  }
  Story story = tell(process, *site);
  // Told by detect_null_dereference, by the same conditions.
  int64_t reach = story.type.empty() ? 16 << 20 : int64_t{1} << 36;
  if (story.null && story.offset > -0x10000 && story.offset < reach) return {};
  return unmapped(process, *site, story);
}

}  // namespace inquest::cause
