// What Windows, or a C runtime of Microsoft's, gave up for: exceptions that say it by their code,
// and by the functions through which they were raised. Codes: snapshot/exceptions.h.
#include "cause/detectors/detectors.h"
#include "cause/evidence.h"
#include "cause/runtime/msvc_exception.h"
#include "snapshot/exceptions.h"

namespace inquest::cause {
namespace {

namespace exception = snapshot::exception;
using answer::Finding;
using answer::Kind;

struct Raised {
  uint32_t code = 0;
  const snapshot::Fault* fault = nullptr;
  const snapshot::Thread* thread = nullptr;
  std::vector<Call> calls = {};
  size_t own = kNoCall;  ///< the innermost call of the program's own code

  std::optional<uint64_t> parameter(size_t i) const {
    if (i >= fault->parameters.size()) return {};
    return fault->parameters[i];
  }
};

std::optional<Raised> raised(const Process& process) {
  const auto& fault = process.snapshot().fault;
  const auto* thread = process.snapshot().crashed_thread();
  if (!fault || !fault->exception || fault->signal || !thread) return {};
  Raised out{.code = *fault->exception, .fault = &*fault, .thread = thread};
  if (const auto* stack = process.crashed_stack()) out.calls = calls_of(process, *stack);
  out.own = find_own_call(out.calls);
  return out;
}

answer::Evidence exception_evidence(const Raised& death) {
  std::string what =
      "the exception is " + snapshot::exception_words(*death.fault, snapshot::Os::windows);
  return {.what = what, .thread = death.thread->id, .frame = 0};
}

std::string in_own(const Process& process, const Raised& death) {
  if (death.own == kNoCall) return {};
  return " in " + place_of(process, death.calls[death.own]);
}

Finding finding_of(const Raised& death, Kind kind, double confidence, std::string summary) {
  Finding finding{.kind = kind, .confidence = confidence, .summary = std::move(summary)};
  finding.evidence.push_back(exception_evidence(death));
  return finding;
}

Finding cpp_exception(const Process& process, const Raised& death) {
  auto thrown = microsoft_exception(process);
  std::string name = thrown && !thrown->types.empty() ? fmt::format("`{}`", thrown->types.front())
                                                      : std::string("a C++ exception");
  std::string says =
      thrown && thrown->what ? fmt::format(" (\"{}\")", shortened(*thrown->what, 300)) : "";
  Finding finding = finding_of(
      death, Kind::uncaught_exception, 0.95,
      fmt::format("{}{} was thrown{} and nobody caught it", name, says, in_own(process, death)));
  if (thrown && !thrown->types.empty()) {
    std::string bases;
    for (size_t i = 1; i < thrown->types.size(); ++i) {
      bases += fmt::format("{}`{}`", i > 1 ? ", " : "", thrown->types[i]);
    }
    finding.evidence.push_back(
        {.what = fmt::format("the exception object at {} is a {}{}", thrown->object, name,
                             bases.empty() ? "" : ", which is also a " + bases),
         .thread = death.thread->id,
         .address = thrown->object});
  } else {
    finding.next.push_back(
        "give the executable (--image DIR): the exception's type is written in its read-only data");
  }
  if (death.own != kNoCall) {
    finding.evidence.push_back({.what = "thrown by " + place_of(process, death.calls[death.own]),
                                .thread = death.thread->id,
                                .frame = frame_index(death.calls, death.own)});
  }
  return finding;
}

/// abort, and who called it.
Finding aborted(const Process& process, const Raised& death) {
  const auto& calls = death.calls;
  size_t pure = find_call(calls, {"_purecall", "_purecall_handler"});
  if (pure != kNoCall) {
    size_t caller = find_own_call(calls, pure + 1);
    std::string where = caller == kNoCall ? "" : " in " + place_of(process, calls[caller]);
    Finding finding = finding_of(
        death, Kind::pure_virtual_call, 0.95,
        fmt::format("A pure virtual function was called{}: the object is still being constructed, "
                    "or already destroyed",
                    where));
    finding.next.push_back("call no virtual function from a constructor or destructor of a base");
    return finding;
  }
  if (find_call(calls, {"_wassert", "_assert"}) != kNoCall) {
    return finding_of(death, Kind::assertion, 0.9,
                      fmt::format("An assertion failed{}", in_own(process, death)));
  }
  size_t end = find_call(calls, {"terminate", "std::terminate", "__std_terminate",
                                 "__scrt_unhandled_exception_filter"});
  if (end != kNoCall) {
    size_t caller = find_own_call(calls, end + 1);
    std::string where = caller == kNoCall ? "" : " in " + place_of(process, calls[caller]);
    return finding_of(death, Kind::abort, 0.85, "std::terminate was called" + where);
  }
  size_t call = find_call(calls, {"abort"});
  size_t caller = find_own_call(calls, call == kNoCall ? 0 : call + 1);
  std::string who = caller == kNoCall ? "the program" : place_of(process, calls[caller]);
  return finding_of(death, Kind::abort, 0.9, fmt::format("{} called abort", who));
}

Finding fail_fast(const Process& process, const Raised& death) {
  constexpr uint64_t kLegacyGs = 0, kCookie = 2, kListEntry = 3, kArgument = 5, kFatalExit = 7,
                     kControlFlow = 10;
  uint64_t code = death.parameter(0).value_or(kLegacyGs);
  std::string_view words = snapshot::fail_fast_name(code);
  std::string meaning =
      words.empty() ? fmt::format("fail fast with code {}", code) : std::string(words);
  Finding finding = finding_of(death, Kind::abort, 0.9, {});
  switch (code) {
    case kFatalExit:
      finding = aborted(process, death);
      break;
    case kLegacyGs:
    case kCookie:
      finding.kind = Kind::stack_smash;
      finding.confidence = 0.93;
      finding.next.push_back("look for an array on the stack of that function that is overrun");
      break;
    case kListEntry:
      finding.kind = Kind::heap_corruption;
      finding.confidence = 0.8;
      break;
    case kControlFlow:
      finding.kind = Kind::execute_nonexecutable;
      finding.confidence = 0.8;
      break;
    case kArgument:
      finding.next.push_back(
          "look which argument of the C runtime's function was null or out of range");
      break;
    default:
      break;
  }
  if (finding.summary.empty()) {
    finding.summary =
        fmt::format("The program was ended at once{}: {}", in_own(process, death), meaning);
  }
  return finding;
}

Finding breakpoint(const Process& process, const Raised& death) {
  if (find_call(death.calls, {"DbgUiRemoteBreakin"}) != kNoCall) {
    return finding_of(death, Kind::killed, 0.8,
                      "A debugger broke in from outside: the dump was taken of a running process");
  }
  std::string where = in_own(process, death);
  Finding finding = finding_of(
      death, Kind::assertion, 0.85,
      fmt::format("The program ran into a breakpoint of its own{}: a check that failed", where));
  finding.evidence.push_back(
      {.what = "assertions end in __debugbreak() or int3 in many programs, and in a breakpoint "
               "nobody waits for without a debugger",
       .thread = death.thread->id});
  finding.next.push_back("look at the condition before the breakpoint");
  return finding;
}

}  // namespace

Findings detect_windows_exception(const Process& process) {
  auto death = raised(process);
  if (!death) return {};
  auto told = [&](Kind kind, double confidence, std::string_view text) {
    return Findings{
        finding_of(*death, kind, confidence, fmt::format("{}{}", text, in_own(process, *death)))};
  };
  switch (death->code) {
    case exception::kCppMicrosoft:
      return {cpp_exception(process, *death)};
    case exception::kCppGnu:
      return told(Kind::uncaught_exception, 0.9,
                  "A C++ exception was thrown, and nobody caught it,");
    case exception::kManaged:
      return told(Kind::uncaught_exception, 0.85, "A .NET exception was not caught,");
    case exception::kFailFast:
      return {fail_fast(process, *death)};
    case exception::kBreakpoint:
      return {breakpoint(process, *death)};
    case exception::kAssertion:
      return told(Kind::assertion, 0.9, "An assertion of Windows failed");
    case exception::kHeapCorruption: {
      Findings found = told(Kind::heap_corruption, 0.95,
                            "The heap found itself damaged: a block was overrun, or freed twice; "
                            "noticed");
      found[0].next.push_back(
          "the damage was done earlier: run with full page heap (gflags), or AddressSanitizer");
      return found;
    }
    case exception::kInvalidParameter:
      return told(Kind::abort, 0.9, "An invalid parameter was passed to the C runtime");
    case exception::kFatalAppExit:
      return {aborted(process, *death)};
    case exception::kNoMemory:
    case exception::kNoMemoryChromium:
      return told(Kind::out_of_memory, 0.9, "An allocation failed");
    case exception::kInvalidHandle:
      return told(Kind::abort, 0.7, "An invalid handle was used");
    case exception::kControlC:
    case exception::kControlCDebug:
      return told(Kind::killed, 0.9, "Ctrl+C, or the end of the console, ended the process;");
    default:
      return {};
  }
}

}  // namespace inquest::cause
