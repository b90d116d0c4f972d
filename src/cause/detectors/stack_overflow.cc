// The stack ran into the end of its space. Linux: the main thread's stack grows on its own, down to
// the resource limit; the access below it then faults (mmap(2), getrlimit(2)). A pthread's stack is
// a mapping with an inaccessible guard below it (pthread_attr_setguardsize(3)). Either way the
// fault lies just below the lowest stack page, near the stack pointer.
#include <algorithm>
#include <unordered_map>

#include "cause/detectors/detectors.h"
#include "cause/detectors/recursion.h"
#include "cause/evidence.h"
#include "snapshot/exceptions.h"

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;

constexpr int kSigSegv = 11, kSigBus = 7;
constexpr uint64_t kAuxRandom = 25;             // AT_RANDOM: 16 bytes on the main thread's stack
constexpr uint64_t kLargestFrame = 1ull << 30;  // a single frame's reach below the stack
constexpr uint64_t kWidestGuard = 64 << 10;
constexpr uint64_t kRedZone = 4096;  // below the stack pointer: call, push, red zone

bool is_accessible(const snapshot::Region& region) {
  return !region.access || region.access->read || region.access->write;
}

/// The stack's mapping: where the stack pointer is, or was before the last frame was made.
const snapshot::Region* stack_of(const Process& process, const snapshot::Thread& thread, Address sp,
                                 const unwind::Stack* stack) {
  const auto& snapshot = process.snapshot();
  auto usable = [](const snapshot::Region* region) {
    return region && is_accessible(*region) && (!region->access || region->access->write);
  };
  if (const auto* region = snapshot.region_at(sp); usable(region)) return region;
  // The pointer is past the end: the nearest mapping above, when the thread's own marks lie in it.
  std::vector<uint64_t> marks;
  if (stack) {
    for (size_t i = 0; i < std::min<size_t>(stack->frames.size(), 8); ++i) {
      if (stack->frames[i].cfa.value != 0) marks.push_back(stack->frames[i].cfa.value);
    }
  }
  if (auto fp = thread.registers.fp()) marks.push_back(fp->value);
  auto random = snapshot.process.auxv.find(kAuxRandom);
  bool is_main = snapshot.process.pid && thread.id == static_cast<uint32_t>(*snapshot.process.pid);
  if (is_main && random != snapshot.process.auxv.end()) marks.push_back(random->second);
  if (!is_main && thread.tls) marks.push_back(*thread.tls);
  for (uint64_t mark : marks) {
    if (mark < sp.value || mark - sp.value > kLargestFrame) continue;
    if (const auto* region = snapshot.region_at(Address{mark}); usable(region)) return region;
  }
  // Nothing marks it: the mapping right above the guard, when the pointer has just left it.
  for (const auto& region : snapshot.regions) {
    if (region.range.begin < sp) continue;
    if (region.range.begin - sp > kWidestGuard) break;
    if (usable(&region)) return &region;
  }
  return nullptr;
}

/// The name of a frame's function and an identity that equal functions share.
struct FunctionName {
  uint64_t id = 0;
  std::string name;
};

/// Names of all frames; each address is looked up once.
class FrameNames {
 public:
  FrameNames(const Process& process, const unwind::Stack& stack) : process_(process) {
    ids_.reserve(stack.frames.size());
    for (const auto& frame : stack.frames) {
      Address at = frame.lookup_pc();
      auto [known, is_new] = by_pc_.try_emplace(at.value);
      if (is_new) known->second = look_up(at);
      ids_.push_back(known->second.id);
    }
  }
  std::span<const uint64_t> ids() const { return ids_; }
  const std::string& name(const unwind::Frame& frame) const {
    return by_pc_.at(frame.lookup_pc().value).name;
  }

 private:
  FunctionName look_up(Address at) const {
    Located place = process_.locate(at);
    if (!place.module) return {at.value, process_.describe(at)};
    if (!place.source.empty() && place.source.back().begin.value != 0) {
      const auto& outer = place.source.back();
      return {place.module->range.begin.value + outer.begin.value,
              outer.function.empty() ? process_.describe(at) : outer.function};
    }
    if (auto nearest = process_.symbols(*place.module).symbol_at(place.rva)) {
      return {at.value - nearest->offset, nearest->name};
    }
    return {at.value, process_.describe(at)};
  }

  const Process& process_;
  std::unordered_map<uint64_t, FunctionName> by_pc_;
  std::vector<uint64_t> ids_;
};

/// Index of a frame among the report's frames, which show inlined calls as their own.
std::optional<uint32_t> report_index(const std::vector<Call>& calls, size_t frame) {
  for (size_t i = 0; i < calls.size(); ++i) {
    if (calls[i].frame == frame) return static_cast<uint32_t>(i);
  }
  return {};
}

struct Overflow {
  const snapshot::Thread* thread;
  const unwind::Stack* stack;
  AddressRange range;  ///< of the stack's memory
  Address sp, fault;
};

/// Windows says it by the exception; the stack's range by the thread's block (TEB: NtTib.StackBase,
/// DeallocationStack), or else by the memory that the dump has around the stack pointer.
/// Source: winternl.h's TEB, as Microsoft publishes it with the symbols of ntdll.
std::optional<Overflow> overflow_by_exception(const Process& process) {
  const auto& snapshot = process.snapshot();
  const auto* thread = snapshot.crashed_thread();
  auto sp = thread ? thread->registers.sp() : std::nullopt;
  if (!sp) return {};
  const bool is_64 = snapshot::is_64_bit(process.arch());
  const unsigned size = is_64 ? 8 : 4;
  Address fault =
      snapshot.fault->parameters.size() > 1 ? Address{snapshot.fault->parameters[1]} : *sp;
  AddressRange range;
  if (thread->tls) {
    auto base = process.memory().read_pointer(Address{*thread->tls + size}, size);
    auto limit =
        process.memory().read_pointer(Address{*thread->tls + (is_64 ? 0x1478 : 0xe0c)}, size);
    if (base && limit && *limit < *base && *limit <= sp->value && sp->value <= *base) {
      range = {Address{*limit}, Address{*base}};
    }
  }
  if (range.empty()) {
    const auto* region = snapshot.region_at(*sp);
    if (region) range = region->range;
  }
  if (range.empty()) {
    Address end = *sp;
    for (Bytes known = process.memory().view(end); !known.empty() && end - *sp < kLargestFrame;
         known = process.memory().view(end)) {
      end = end + known.size();
    }
    range = {*sp, end};
  }
  return Overflow{thread, process.crashed_stack(), range, *sp, fault};
}

std::optional<Overflow> overflow_of(const Process& process) {
  const auto& snapshot = process.snapshot();
  const auto* thread = snapshot.crashed_thread();
  const auto& fault = snapshot.fault;
  if (!thread || !fault) return {};
  if (fault->exception == snapshot::exception::kStackOverflow && !fault->signal) {
    return overflow_by_exception(process);
  }
  if (!fault->address) return {};
  int signal = fault->signal.value_or(kSigSegv);
  if (signal != kSigSegv && signal != kSigBus) return {};
  // A signal that somebody sent has no fault address.
  if (fault->signal_code && *fault->signal_code <= 0) return {};
  if (fault->exception && !fault->signal) return {};
  auto sp = thread->registers.sp();
  if (!sp) return {};
  Address at = *fault->address;
  const auto* stack = process.crashed_stack();
  const auto* region = stack_of(process, *thread, *sp, stack);
  if (!region) return {};
  Address bottom = region->range.begin;
  // Just below the stack, and not below what the stack pointer made its own.
  if (!(at < bottom) || bottom - at > kLargestFrame) return {};
  if (at.value + kRedZone < sp->value) return {};
  // In a gap or in a guard; what can be accessed belongs to something else.
  if (const auto* there = snapshot.region_at(at); there && is_accessible(*there) && there->access) {
    return {};
  }
  // Nothing else lies between the fault and the stack, but for the guard.
  for (const auto& other : snapshot.regions) {
    if (other.range.begin > at && other.range.begin < bottom && other.access &&
        is_accessible(other)) {
      return {};
    }
  }
  return Overflow{thread, stack, region->range, *sp, at};
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " and " : ", ";
    out += fmt::format("`{}`", names[i]);
  }
  return out;
}

}  // namespace

Findings detect_stack_overflow(const Process& process) {
  auto overflow = overflow_of(process);
  if (!overflow) return {};
  Address top = overflow->range.end;
  uint64_t size = overflow->range.size();
  std::string whose =
      fmt::format("the {} stack of thread {}", size_text(size), thread_name(*overflow->thread));
  Finding finding{.kind = Kind::stack_overflow, .confidence = 0.97};
  finding.summary = fmt::format("{} is full", whose);
  const bool is_below = overflow->fault < overflow->range.begin;
  finding.evidence.push_back(
      {.what = is_below ? fmt::format(
                              "the fault is {} below the end of the stack, the stack pointer is {}",
                              size_text(overflow->range.begin - overflow->fault), overflow->sp)
                        : fmt::format("the system said so, at {}; the stack pointer is {}",
                                      overflow->fault, overflow->sp),
       .thread = overflow->thread->id,
       .address = overflow->fault});

  const auto* stack = overflow->stack;
  if (!stack || stack->frames.empty()) return {finding};
  auto calls = calls_of(process, *stack, 128);
  FrameNames names(process, *stack);
  auto recursion = find_recursion(names.ids());
  const auto& frames = stack->frames;

  if (recursion) {
    // The middle of a very deep stack is walked but not kept; the cycle went on through it.
    const size_t kept = recursion->frames;
    if (stack->omitted > 0 && recursion->first < stack->omitted_after &&
        recursion->first + kept >= stack->omitted_after) {
      recursion->frames += stack->omitted;
      recursion->rounds += stack->omitted / recursion->cycle.size();
    }
    std::vector<std::string> cycle;
    for (size_t i : recursion->cycle) {
      if (cycle.size() < 6) cycle.push_back(names.name(frames[i]));
    }
    // Callers first, as the source reads.
    if (recursion->periodic) std::reverse(cycle.begin(), cycle.end());
    uint64_t bytes_a_round = 0;
    bool exact = false;
    if (recursion->periodic && recursion->rounds > 1) {
      size_t last = recursion->first + kept - 1;
      uint64_t span = frames[last].cfa - frames[recursion->first].cfa;
      if (frames[last].cfa > frames[recursion->first].cfa) {
        // The span of the kept frames holds the omitted ones too where the cycle goes on behind
        // them.
        bool across = recursion->first + kept > stack->omitted_after;
        size_t steps = (across ? recursion->frames : kept) - 1;
        bytes_a_round = span * recursion->cycle.size() / steps;
        exact = span * recursion->cycle.size() % steps == 0;
      }
    } else if (recursion->rounds > 0) {
      bytes_a_round = size / recursion->rounds;
    }
    std::string each =
        bytes_a_round == 0
            ? ""
            : fmt::format(" ({}{} bytes a {})", exact ? "" : "about ", count_text(bytes_a_round),
                          recursion->cycle.size() == 1 ? "frame" : "round");
    std::string verb =
        recursion->cycle.size() == 1
            ? fmt::format("recursed {} deep", count_text(recursion->rounds))
            : fmt::format("called each other {} deep", count_text(recursion->rounds));
    finding.summary = fmt::format("{} {}{} until {} was full", joined(cycle), verb, each, whose);
    finding.evidence.push_back(
        {.what = fmt::format("{} of the {} frames are {}{}{}", count_text(recursion->frames),
                             count_text(stack->depth()), joined(cycle),
                             recursion->cycle.size() > 6 ? " and others" : "",
                             recursion->periodic ? ", always in this order" : ""),
         .thread = overflow->thread->id,
         .frame = report_index(calls, recursion->first)});
    finding.next.push_back(
        "bound the depth of the recursion, or replace it by a loop with its own "
        "stack; check whether the data that it follows has a cycle");
  } else {
    // The largest frame, when it is most of the stack.
    size_t largest = 0;
    uint64_t most = 0;
    for (size_t i = 0; i < std::min<size_t>(frames.size(), 128); ++i) {
      auto begin = frames[i].registers.sp();
      if (!begin || frames[i].cfa < *begin) continue;
      uint64_t bytes = frames[i].cfa - *begin;
      if (bytes > most && bytes < kLargestFrame) {
        most = bytes;
        largest = i;
      }
    }
    auto index = report_index(calls, largest);
    if (most >= 64 << 10 && most > size / 8 && index) {
      size_t outer = *index;
      while (outer + 1 < calls.size() && calls[outer + 1].frame == largest) ++outer;
      std::string place = place_of(process, calls[outer]);
      finding.summary =
          fmt::format("the frame of {} is {} large: more than the stack of thread {} had left",
                      place, size_text(most), thread_name(*overflow->thread));
      finding.evidence.push_back(
          {.what = fmt::format("the locals of {} take {} bytes", place, count_text(most)),
           .thread = overflow->thread->id,
           .frame = static_cast<uint32_t>(outer)});
      finding.next.push_back("put large arrays on the heap (std::vector)");
    } else {
      finding.evidence.push_back(
          {.what = fmt::format("{} frames take {}; no function repeats, and "
                               "none has a large frame",
                               count_text(stack->depth()), size_text(top - overflow->sp)),
           .thread = overflow->thread->id});
      finding.confidence = 0.9;
    }
  }
  return {finding};
}

}  // namespace inquest::cause
