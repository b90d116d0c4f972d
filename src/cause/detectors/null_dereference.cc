// Null dereference: an access at a small address, or at a large offset from a pointer that is null;
// a call through a null function pointer.
#include <algorithm>

#include "cause/detectors/detectors.h"
#include "cause/fault/fault.h"
#include "cause/fault/story.h"

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;

std::string with_space(const std::string& words) { return words.empty() ? words : " " + words; }

/// "a null `Guild*` `guild`, held in `Avatar::guild` of `avatar`"
std::string null_pointer_words(const Story& story) {
  std::string words = "a null ";
  words += story.type.empty() ? "pointer" : fmt::format("`{}*`", story.type);
  words += with_space(story.pointer_name);
  if (!story.held.empty()) words += ", " + story.held;
  return words;
}

Findings called_null(const Process& process, const FaultSite& site, const Story& story) {
  Finding finding{.kind = Kind::null_dereference};
  uint64_t target = site.address->value;
  finding.confidence = target == 0 ? 0.97 : 0.85;
  std::string held = story.held.empty() ? "" : ", " + story.held;
  std::string pointer =
      target == 0 ? "a null function pointer" : fmt::format("a function pointer of {:#x}", target);
  std::string by;
  if (!story.where.empty()) {
    by = " " + story.where;
  } else if (site.stack && site.stack->frames.size() > site.frame_index + 1) {
    const auto& caller = site.stack->frames[site.frame_index + 1];
    by = " in " + process.describe(caller.lookup_pc());
  }
  finding.summary = fmt::format("Call of {}{}{}{}: execution went to {}, where no code is.",
                                pointer, with_space(story.pointer_name), held, by, *site.address);
  finding.evidence.push_back({.what = fmt::format("the program counter is {}", *site.address),
                              .thread = site.thread_id,
                              .frame = 0,
                              .address = site.address});
  std::copy(story.evidence.begin(), story.evidence.end(), std::back_inserter(finding.evidence));
  finding.next = {"look where the function pointer is set, and whether it is called before that"};
  return {std::move(finding)};
}

}  // namespace

Findings detect_null_dereference(const Process& process) {
  auto site = fault_site(process);
  if (!site || !site->address || !(site->is(sig::segv) || site->is(sig::bus))) return {};
  if (site->code == sig::si_kernel && site->access != AccessKind::execute) return {};
  uint64_t address = site->address->value;
  if (site->access == AccessKind::execute) {
    if (address >= kNullPages) return {};
    return called_null(process, *site, tell(process, *site));
  }
  Story story = tell(process, *site);
  bool small = address < kNullPages;
  // A little below null: a null pointer to a base or a list link, turned into the whole object.
  bool below = story.null && story.offset < 0 && story.offset > -0x10000;
  // Far above null only what is known to be reached through a pointer, or a moderate displacement.
  bool large = story.null && !small && !below &&
               (!story.type.empty() ? address < (1ull << 36) : address < (16 << 20));
  if (!small && !below && !large) return {};

  Finding finding{.kind = Kind::null_dereference};
  if (story.null) {
    finding.confidence = small ? 0.97 : story.type.empty() ? 0.75 : 0.9;
    std::string where = story.where.empty() ? "" : ", " + story.where;
    finding.summary =
        fmt::format("{} of {}{}.", access_words(*site, story), null_pointer_words(story), where);
  } else {
    // The access is near null, but what was followed never held exactly 0.
    bool odd =
        story.pointer && *story.pointer < kNullPages && story.offset == 0 && address % 4 != 0;
    finding.confidence = odd ? 0.7 : 0.85;
    std::string verb = site->access == AccessKind::write ? "Write" : "Read";
    std::string through =
        story.pointer_name.empty() ? "" : fmt::format(", through {}", story.pointer_name);
    std::string held = story.held.empty() ? "" : ", " + story.held;
    finding.summary =
        fmt::format("{} at {}, {} bytes above null{}{}{}.", verb, *site->address, address, through,
                    held, story.where.empty() ? "" : ", " + story.where);
    if (!story.member.empty()) {
      finding.summary.pop_back();
      finding.summary +=
          fmt::format(": `{}::{}`, offset {}.", story.type, story.member, story.offset);
    }
  }
  finding.evidence.push_back(instruction_evidence(process, *site));
  std::copy(story.evidence.begin(), story.evidence.end(), std::back_inserter(finding.evidence));
  std::ranges::move(handler_evidence(*site), std::back_inserter(finding.evidence));
  if (story.type.empty() && !story.held.starts_with("returned by")) {
    finding.next.push_back(
        "give the debug information of this build (--symbols DIR) to learn "
        "which member was meant");
  } else if (!story.held.empty()) {
    finding.next.push_back("check for null where the pointer is " + story.held +
                           ", or find out why nothing was put there");
  }
  return {std::move(finding)};
}

}  // namespace inquest::cause
