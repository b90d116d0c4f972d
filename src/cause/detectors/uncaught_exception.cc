// std::terminate and why: an exception that nobody caught, one that left a noexcept function, a
// joinable std::thread that was destroyed, a plain call. The facts relied on stand in
// termination.h (the ways to terminate) and thrown.h (the exception object).
#include "cause/detectors/detectors.h"
#include "cause/evidence.h"
#include "cause/runtime/termination.h"

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;
using Way = Termination::Way;

/// "`std::runtime_error` (\"cannot load\")", "`int` (404)", "an exception".
std::string name_of(const std::optional<Thrown>& thrown) {
  if (!thrown || !thrown->type_known) return "an exception";
  std::string name = fmt::format("`{}`", thrown->type.name);
  if (thrown->what) {
    bool is_text = thrown->what_source != "value";
    name += is_text ? fmt::format(" (\"{}\")", shortened(*thrown->what, 300))
                    : fmt::format(" ({})", *thrown->what);
  }
  return name;
}

void add_thrown(Finding& finding, const Termination& end) {
  if (!end.thrown) return;
  const auto& thrown = *end.thrown;
  uint32_t thread = end.abort.thread->id;
  if (thrown.type_known) {
    finding.evidence.push_back(
        {.what = fmt::format("the exception object is a `{}`, {}", thrown.type.name, thrown.found),
         .thread = thread,
         .address = thrown.object});
  }
  if (thrown.what && thrown.what_source != "value") {
    finding.evidence.push_back(
        {.what = fmt::format("it says \"{}\" (read as {})", shortened(*thrown.what, 4000),
                             thrown.what_source),
         .thread = thread,
         .address = thrown.object});
  }
}

Finding uncaught(const Process& process, const Termination& end) {
  const auto& calls = end.abort.calls;
  bool in_thread = find_call(calls, {"start_thread", "execute_native_thread_routine"}) != kNoCall ||
                   (end.abort.thread != &process.snapshot().threads.front() &&
                    find_call(calls, {"main"}) == kNoCall);
  Finding finding{.kind = Kind::uncaught_exception, .confidence = 0.96};
  using Rethrow = Termination::Rethrow;
  bool again = end.rethrow != Rethrow::no;
  std::string_view verb = again ? "rethrown" : "thrown";
  finding.summary = fmt::format("{} was {}", name_of(end.thrown), verb);
  if (end.raiser != kNoCall) {
    finding.summary += fmt::format(" in {}", place_of(process, calls[end.raiser]));
    finding.evidence.push_back({.what = fmt::format("{} by {}; the throw is still on the stack: "
                                                    "no frame outside of it catches the type",
                                                    verb, place_of(process, calls[end.raiser])),
                                .thread = end.abort.thread->id,
                                .frame = frame_index(calls, end.raiser)});
  }
  if (again) {
    finding.evidence.push_back(
        {.what = end.rethrow == Rethrow::pointer
                     ? "it came out of a std::exception_ptr (std::rethrow_exception, as "
                       "std::future::get calls it): it was made or thrown first elsewhere, often "
                       "in another thread, and that place is no longer on the stack"
                     : "it was thrown again by `throw;`: the place that threw it first is no "
                       "longer on the stack",
         .thread = end.abort.thread->id});
  }
  finding.summary += in_thread
                         ? fmt::format(" and left the function of thread {}: nobody caught it",
                                       thread_name(*end.abort.thread))
                         : " and nobody caught it";
  finding.next.push_back(
      in_thread
          ? "an exception cannot leave a thread's function: catch it there, and hand it on by "
            "std::exception_ptr or std::future"
          : "catch it where it can be handled, or find out why it had to be thrown");
  if (!end.by_name) {
    finding.confidence = 0.75;
    finding.evidence.push_back(
        {.what = "no symbols name std::terminate; the abort and the exception object on the stack "
                 "tell"});
  }
  return finding;
}

/// Thrown by what an earlier exception made the unwinder clean up: most often a destructor that
/// was declared noexcept(false).
Finding thrown_while_unwinding(const Process& process, const Termination& end) {
  const auto& calls = end.abort.calls;
  Finding finding{.kind = Kind::uncaught_exception, .confidence = 0.93};
  finding.summary = fmt::format("{} was thrown", name_of(end.thrown));
  if (end.raiser != kNoCall && end.raiser != end.barrier) {
    finding.summary += fmt::format(" in {}", place_of(process, calls[end.raiser]));
    finding.evidence.push_back({.what = fmt::format("thrown in, or on its way out of, {}",
                                                    place_of(process, calls[end.raiser])),
                                .thread = end.abort.thread->id,
                                .frame = frame_index(calls, end.raiser)});
  }
  finding.summary += " while another exception was unwinding the stack";
  if (end.barrier != kNoCall) {
    std::string place = place_of(process, calls[end.barrier]);
    finding.summary += fmt::format(" through {}", place);
    finding.evidence.push_back(
        {.what = fmt::format("{} was destroying its locals because of the other exception; what it "
                             "calls then must let none out",
                             place),
         .thread = end.abort.thread->id,
         .frame = frame_index(calls, end.barrier)});
  }
  finding.evidence.push_back(
      {.what = fmt::format("the C++ runtime counts {} more exception{} under way in this thread",
                           end.under_way, end.under_way == 1 ? "" : "s"),
       .thread = end.abort.thread->id});
  finding.next.push_back(
      "a destructor must not throw: catch it there, or ask "
      "std::uncaught_exceptions() before throwing");
  return finding;
}

Finding left_noexcept(const Process& process, const Termination& end) {
  const auto& calls = end.abort.calls;
  Finding finding{.kind = Kind::uncaught_exception, .confidence = 0.95};
  finding.summary = fmt::format("{} left a noexcept function", name_of(end.thrown));
  if (end.barrier != kNoCall) {
    std::string place = place_of(process, calls[end.barrier]);
    finding.summary = fmt::format("{} left {}, which is noexcept", name_of(end.thrown), place);
    if (!end.barrier_is_destructor) finding.summary += " or has inlined what is";
    finding.evidence.push_back(
        {.what = fmt::format("{} must not let an exception out{}", place,
                             end.barrier_is_destructor ? " (as every destructor)" : ""),
         .thread = end.abort.thread->id,
         .frame = frame_index(calls, end.barrier)});
  }
  if (end.raiser != kNoCall && end.raiser != end.barrier) {
    finding.evidence.push_back({.what = fmt::format("thrown in, or on its way out of, {}",
                                                    place_of(process, calls[end.raiser])),
                                .thread = end.abort.thread->id,
                                .frame = frame_index(calls, end.raiser)});
  }
  finding.next.push_back(
      "catch inside of the noexcept function (destructors are noexcept unless "
      "declared otherwise), or drop its noexcept");
  return finding;
}

Finding without_exception(const Process& process, const Termination& end) {
  const auto& calls = end.abort.calls;
  Finding finding{.kind = Kind::abort, .confidence = 0.9};
  std::string where =
      end.raiser == kNoCall ? "" : fmt::format(" in {}", place_of(process, calls[end.raiser]));
  if (end.way == Way::joinable_thread) {
    finding.confidence = 0.95;
    finding.summary =
        fmt::format("a std::thread that was still joinable was destroyed{}: std::terminate", where);
    finding.evidence.push_back(
        {.what = fmt::format("std::thread's destructor (or assignment) calls "
                             "std::terminate when the thread was neither "
                             "joined nor detached{}",
                             where)});
    finding.next.push_back("join or detach the thread on every way out, or use std::jthread");
  } else if (end.way == Way::empty_rethrow) {
    finding.summary = fmt::format(
        "`throw;` was run{} while no exception was being handled: std::terminate", where);
    finding.evidence.push_back(
        {.what = fmt::format("__cxa_rethrow was called{}, and the thread has no exception that is "
                             "being handled",
                             where)});
    finding.next.push_back(
        "`throw;` belongs into a catch block, or into what is called by one only");
  } else {
    finding.summary =
        fmt::format("std::terminate was called{}, with no exception in flight", where);
    finding.evidence.push_back(
        {.what = fmt::format("called{}; without an exception the usual reasons are a joinable "
                             "std::thread that is destroyed, and a call in the program",
                             where)});
  }
  finding.evidence.back().thread = end.abort.thread->id;
  if (end.raiser != kNoCall) finding.evidence.back().frame = frame_index(calls, end.raiser);
  return finding;
}

}  // namespace

Findings detect_uncaught_exception(const Process& process) {
  auto end = termination_of(process);
  if (!end || end->way == Way::pure_virtual) return {};
  Finding finding;
  switch (end->way) {
    case Way::uncaught:
      finding = uncaught(process, *end);
      break;
    case Way::noexcept_function:
      finding = end->under_way > 0 && !end->barrier_is_destructor
                    ? thrown_while_unwinding(process, *end)
                    : left_noexcept(process, *end);
      break;
    default:
      if (!end->thrown) return {without_exception(process, *end)};
      // terminate called by hand while an exception is being handled, as in a catch (...).
      finding = uncaught(process, *end);
      finding.confidence = 0.8;
      finding.summary =
          fmt::format("std::terminate was called while {} was being handled", name_of(end->thrown));
      break;
  }
  add_thrown(finding, *end);
  return {finding};
}

}  // namespace inquest::cause
