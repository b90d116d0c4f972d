// Memory ran out: std::bad_alloc that nobody caught (thrown by operator new when malloc returned
// null and no new-handler helped: C++ standard, [new.delete.single]). std::length_error and
// std::bad_array_new_length are other things and stay uncaught exceptions.
#include <algorithm>
#include <bit>

#include "cause/code/call_site.h"
#include "cause/detectors/detectors.h"
#include "cause/evidence.h"
#include "cause/runtime/termination.h"

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;

struct AddressSpace {
  uint64_t mapped = 0, heap = 0, anonymous = 0, files = 0, stacks = 0;
  size_t mappings = 0;
};

AddressSpace space_of(const Process& process) {
  AddressSpace out;
  const auto& snapshot = process.snapshot();
  for (const auto& region : snapshot.regions) {
    uint64_t size = region.range.size();
    out.mapped += size;
    ++out.mappings;
    if (region.file == "[heap]") {
      out.heap += size;
    } else if (region.file == "[stack]") {
      out.stacks += size;
    } else if (region.file.empty()) {
      out.anonymous += size;
    } else {
      out.files += size;
    }
  }
  return out;
}

/// The limit that the total runs into, when it looks like one: a power of two or a multiple of
/// 256 MiB that it nearly fills.
std::optional<uint64_t> limit_near(uint64_t mapped, uint64_t wanted) {
  constexpr uint64_t kStep = 256 << 20;
  uint64_t round = mapped < kStep ? std::bit_ceil(mapped) : (mapped + kStep - 1) / kStep * kStep;
  if (mapped > uint64_t{1} << 46) return {};
  uint64_t slack =
      std::max<uint64_t>(round / 32, 256 << 10) + std::min<uint64_t>(wanted, round / 4);
  if (round - mapped > slack) return {};
  return round;
}

/// The argument of operator new: at the call, or where operator new keeps it (rbx, libstdc++).
std::optional<uint64_t> requested_bytes(const Process& process, const OwnAbort& abort) {
  namespace x64 = snapshot::x64;
  const auto& calls = abort.calls;
  const std::initializer_list<std::string_view> kNew = {
      "operator new", "operator new[]",       "_Znwm",
      "_Znam",        "_ZnwmSt11align_val_t", "_ZnamSt11align_val_t"};
  const auto& frames = abort.stack->frames;
  size_t at = find_call(calls, kNew);
  if (at == kNoCall) {
    // The throw is in a part of operator new that has no name: its caller is the first frame
    // outside of the library.
    at = find_call(calls, {"__cxa_throw"});
    while (at != kNoCall && at < calls.size() && calls[at].module &&
           is_runtime(*calls[at].module)) {
      ++at;
    }
    if (at >= calls.size()) return {};
    return argument_at_call(process, frames[calls[at].frame], x64::rdi);
  }
  // new[] calls new.
  size_t inner_frame = calls[at].frame;
  while (at + 1 < calls.size() && is_any(calls[at + 1], kNew)) ++at;
  if (calls[at].frame + 1 < frames.size()) {
    auto passed = argument_at_call(process, frames[calls[at].frame + 1], x64::rdi);
    if (passed) return passed;
  }
  auto kept = frames[inner_frame].registers.get(x64::rbx);
  if (kept && *kept > 0 && *kept < uint64_t{1} << 46 && !process.memory().has(Address{*kept})) {
    return kept;
  }
  return {};
}

}  // namespace

Findings detect_out_of_memory(const Process& process) {
  auto end = termination_of(process);
  if (!end || !end->thrown || !end->thrown->type_known) return {};
  const auto& type = end->thrown->type;
  // bad_array_new_length derives from bad_alloc, but says that a size was nonsense.
  if (type.mangled == "St20bad_array_new_length") return {};
  if (type.mangled != "St9bad_alloc" &&
      !find_base(process, end->thrown->object, type, "St9bad_alloc")) {
    return {};
  }
  const auto& calls = end->abort.calls;
  uint32_t thread = end->abort.thread->id;
  auto wanted = requested_bytes(process, end->abort);
  AddressSpace space = space_of(process);

  Finding finding{.kind = Kind::out_of_memory, .confidence = 0.95};
  finding.summary = "memory ran out";
  if (wanted) finding.summary += fmt::format(": {} could not be had", size_text(*wanted));
  if (end->raiser != kNoCall) {
    finding.summary += fmt::format(" in {}", place_of(process, calls[end->raiser]));
    finding.evidence.push_back(
        {.what = fmt::format("allocated by {}", place_of(process, calls[end->raiser])),
         .thread = thread,
         .frame = frame_index(calls, end->raiser)});
  }
  finding.summary += ", and nobody caught std::bad_alloc";
  finding.evidence.push_back(
      {.what = fmt::format("the exception object is a `{}`, {}", type.name, end->thrown->found),
       .thread = thread,
       .address = end->thrown->object});
  if (wanted) {
    finding.evidence.push_back(
        {.what = fmt::format("operator new was asked for {} bytes", count_text(*wanted)),
         .thread = thread});
  }
  finding.evidence.push_back(
      {.what = fmt::format("{} are mapped in {} mappings: heap (brk) {}, anonymous (heaps, thread "
                           "stacks, large blocks) {}, main stack {}, files {}",
                           size_text(space.mapped), space.mappings, size_text(space.heap),
                           size_text(space.anonymous), size_text(space.stacks),
                           size_text(space.files))});
  constexpr const char* kHeapAdvice =
      "see what was lost, and what keeps the rest: inquest leaks DUMP --suspects";
  if (wanted && *wanted > uint64_t{1} << 40) {
    finding.evidence.push_back({.what = "no machine has that much: the size itself is wrong (a "
                                        "negative or overflowed number, or damaged data)"});
    finding.next.push_back("find out where the size came from");
  } else if (auto limit = limit_near(space.mapped, wanted.value_or(0))) {
    finding.evidence.push_back({.what = fmt::format("the total is just below {}: it looks like a "
                                                    "limit on the address space (ulimit -v, "
                                                    "RLIMIT_AS, LimitAS=)",
                                                    size_text(*limit))});
    finding.next.push_back("raise the limit if the use is right, or find what grew");
    finding.next.push_back(kHeapAdvice);
  } else {
    finding.next.push_back(
        "check the limits that the process ran under (RLIMIT_AS, "
        "vm.overcommit_memory, the cgroup's memory.max)");
    finding.next.push_back(kHeapAdvice);
  }
  return {finding};
}

}  // namespace inquest::cause
