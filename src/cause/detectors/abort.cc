// abort(3) called by the process itself, with the reason that the C library left: assert's text,
// the heap's complaint, a fatal error. The facts relied on stand in abort_message.h (glibc's
// __abort_msg, 2.2 to 2.41) and own_abort.h; __assert_fail's arguments (assertion, file, line,
// function in rdi, rsi, edx, rcx: the LSB's declaration) are a second source for the text.
#include "cause/code/call_site.h"
#include "cause/detectors/detectors.h"
#include "cause/evidence.h"
#include "cause/runtime/abort_message.h"
#include "cause/runtime/freed_pointer.h"
#include "cause/runtime/own_abort.h"
#include "cause/runtime/refused_free.h"
#include "cause/runtime/termination.h"
#include "cause/runtime/what.h"

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;

/// assert's arguments at the call of __assert_fail, for libraries that keep no message (musl), and
/// dumps without its memory.
std::optional<AbortMeaning> assertion_by_call(const Process& process, const OwnAbort& abort) {
  size_t call = find_call(abort.calls, {"__assert_fail", "__assert_fail_base", "__assert"});
  if (call == kNoCall) return {};
  while (call + 1 < abort.calls.size() && is_any(abort.calls[call + 1], {"__assert_fail"})) ++call;
  AbortMeaning out{.kind = Kind::assertion, .confidence = 0.95, .what = "an assertion failed"};
  size_t frame = abort.calls[call].frame + 1;
  if (frame >= abort.stack->frames.size()) return out;
  namespace x64 = snapshot::x64;
  auto text = [&](snapshot::Register reg) -> std::string {
    auto at = argument_at_call(process, abort.stack->frames[frame], reg);
    if (!at) return {};
    return text_at(process.memory(), Address{*at}).value_or("");
  };
  out.condition = text(x64::rdi);
  out.file = text(x64::rsi);
  out.function = text(x64::rcx);
  if (auto line = argument_at_call(process, abort.stack->frames[frame], x64::rdx)) {
    out.line = static_cast<uint32_t>(*line);
  }
  return out;
}

/// Other libraries' ways to fail an assertion, by the function that aborts.
struct Asserter {
  std::string_view function, library;
};
constexpr Asserter kAsserters[] = {
    {"g_assertion_message", "GLib"},
    {"g_assertion_message_expr", "GLib"},
    {"std::__glibcxx_assert_fail", "libstdc++ (_GLIBCXX_ASSERTIONS)"},
    {"std::__replacement_assert", "libstdc++ (_GLIBCXX_ASSERTIONS)"},
    {"__gnu_debug::_Error_formatter::_M_error", "libstdc++ (_GLIBCXX_DEBUG)"},
    {"std::__1::__libcpp_verbose_abort", "libc++"},
    {"boost::assertion_failed", "Boost"},
    {"qt_assert", "Qt"},
    {"qt_assert_x", "Qt"},
    {"absl::raw_log_internal::RawLog", "Abseil"},
    {"ExceptionalCondition", "PostgreSQL"},
};

std::string caller_text(const Process& process, const OwnAbort& abort) {
  size_t own = find_own_call(abort.calls);
  return own == kNoCall ? "" : place_of(process, abort.calls[own]);
}

void add_caller(const Process& process, const OwnAbort& abort, Finding& finding,
                std::string_view did) {
  size_t own = find_own_call(abort.calls);
  if (own == kNoCall) return;
  finding.evidence.push_back(
      {.what = fmt::format("{} {}", place_of(process, abort.calls[own]), did),
       .thread = abort.thread->id,
       .frame = frame_index(abort.calls, own)});
}

Finding assertion(const Process& process, const OwnAbort& abort, const AbortMeaning& meaning) {
  Finding finding{.kind = Kind::assertion, .confidence = meaning.confidence};
  finding.summary = meaning.condition.empty()
                        ? "an assertion failed"
                        : fmt::format("assertion `{}` failed", shortened(meaning.condition, 400));
  std::string where = meaning.function.empty() ? caller_text(process, abort)
                                               : fmt::format("`{}`", meaning.function);
  if (!where.empty()) finding.summary += " in " + where;
  if (!meaning.file.empty()) {
    finding.summary += fmt::format(" ({}:{})", meaning.file, meaning.line);
  }
  add_caller(process, abort, finding, "asserted");
  return finding;
}

/// A copy that _FORTIFY_SOURCE stopped: nothing was overwritten. What it would have been tells
/// where the destination lies, the first argument of all these functions but read(2)'s kind.
void add_stopped_copy(const Process& process, const OwnAbort& abort, Finding& finding) {
  size_t check = kNoCall;
  for (size_t i = 0; i < abort.calls.size() && !is_own(abort.calls[i]); ++i) {
    if (plain_name(abort.calls[i].function).ends_with("_chk")) check = i;
  }
  finding.kind = Kind::assertion;
  if (check == kNoCall) return;
  std::string name = plain_name(abort.calls[check].function);
  while (name.starts_with('_')) name.erase(0, 1);
  name.resize(name.size() - std::string_view("_chk").size());
  if (name.empty() || name == "fail") return;
  std::string where = caller_text(process, abort);
  finding.confidence = 0.95;
  finding.summary =
      fmt::format("`{}`{} was about to write past the end of its destination, and was stopped",
                  name, where.empty() ? "" : " in " + where);
  size_t frame = abort.calls[check].frame + 1;
  bool first_is_destination = !name.starts_with("p") && !name.starts_with("read") &&
                              !name.starts_with("recv") && name.find("printf") == name.npos;
  if (name.starts_with("sprintf") || name.starts_with("snprintf") || name.starts_with("vsprintf") ||
      name.starts_with("vsnprintf")) {
    first_is_destination = true;
  }
  if (!first_is_destination || process.arch() != snapshot::Arch::x86_64 ||
      frame >= abort.stack->frames.size()) {
    return;
  }
  namespace x64 = snapshot::x64;
  auto at = argument_at_call(process, abort.stack->frames[frame], x64::rdi);
  Whereabouts there = at ? whereabouts(process, Address{*at}) : Whereabouts{};
  if (there.text.empty()) return;
  // The write was refused, but the defect is that of the kind.
  if (there.stack) finding.kind = Kind::stack_smash;
  if (there.heap) finding.kind = Kind::heap_overflow;
  finding.evidence.push_back(
      {.what = fmt::format("its destination, {}, lies {}", Address{*at}, there.text),
       .thread = abort.thread->id,
       .address = Address{*at}});
  if (!name.starts_with("str") && !name.starts_with("stp")) return;
  auto from = argument_at_call(process, abort.stack->frames[frame], x64::rsi);
  auto text = from ? text_at(process.memory(), Address{*from}) : std::nullopt;
  if (!text || text->empty()) return;
  finding.evidence.push_back({.what = fmt::format("what was to be written is \"{}\" ({} bytes)",
                                                  shortened(*text, 200), text->size() + 1),
                              .thread = abort.thread->id,
                              .address = Address{*from}});
}

Finding by_message(const Process& process, const OwnAbort& abort, const AbortMessage& message) {
  AbortMeaning meaning = meaning_of(message.text);
  Finding finding;
  if (meaning.kind == Kind::assertion) {
    finding = assertion(process, abort, meaning);
  } else {
    finding.kind = meaning.kind;
    finding.confidence = meaning.confidence;
    std::string where = caller_text(process, abort);
    bool heap = meaning.kind == Kind::double_free || meaning.kind == Kind::invalid_free;
    finding.summary = meaning.what;
    if (heap && !where.empty()) {
      finding.summary += fmt::format("; the free that was refused is in {}", where);
    } else if (meaning.kind == Kind::heap_corruption) {
      finding.summary +=
          fmt::format(": {}{}", meaning.damage, where.empty() ? "" : "; noticed in " + where);
    } else if (meaning.kind == Kind::abort) {
      finding.summary = fmt::format("the C library gave up: {}", shortened(message.text, 300));
    } else if (!where.empty()) {
      finding.summary += ": " + where;
    }
  }
  if (message.text.find("buffer overflow detected") != std::string::npos) {
    add_stopped_copy(process, abort, finding);
    meaning.advice = "bound the copy by the size of its destination (snprintf, std::string)";
  }
  finding.evidence.insert(
      finding.evidence.begin(),
      {.what = fmt::format("the C library's last words: \"{}\"{}", shortened(message.text, 4000),
                           message.by_symbol ? "" : " (found by the shape of its record)"),
       .thread = abort.thread->id,
       .address = message.at});
  if (!meaning.damage.empty() && meaning.kind != Kind::heap_corruption) {
    finding.evidence.push_back({.what = meaning.damage, .thread = abort.thread->id});
  }
  if (meaning.kind == Kind::double_free || meaning.kind == Kind::invalid_free ||
      meaning.kind == Kind::heap_corruption) {
    add_caller(process, abort, finding, "called the function that noticed");
    add_freed_pointer(process, *abort.thread, *abort.stack, abort.calls, message.text, finding);
  }
  if (!meaning.advice.empty() && finding.next.empty()) finding.next.push_back(meaning.advice);
  return finding;
}

Finding plain(const Process& process, const OwnAbort& abort) {
  std::string where = caller_text(process, abort);
  Finding finding{.kind = Kind::abort, .confidence = abort.by_name ? 0.9 : 0.7};
  finding.summary = where.empty()    ? "the process aborted itself"
                    : abort.by_abort ? fmt::format("{} called abort", where)
                                     : fmt::format("{} raised SIGABRT", where);
  if (!abort.by_name) {
    finding.summary = "the process raised SIGABRT itself";
    if (!where.empty()) finding.summary += fmt::format(", in {}", where);
  }
  add_caller(process, abort, finding, "is the innermost function of the program");
  if (process.snapshot().fault->sender_pid) {
    finding.evidence.push_back(
        {.what = fmt::format("SIGABRT was sent by the process itself (pid {})",
                             *process.snapshot().fault->sender_pid),
         .thread = abort.thread->id});
  }
  finding.evidence.push_back({.what = "the C library left no message"});
  finding.next.push_back(
      "look at what the function checks before it gives up, and at what the "
      "program wrote to its standard error");
  return finding;
}

}  // namespace

Findings detect_abort(const Process& process) {
  auto abort = own_abort(process);
  if (!abort || !abort->stack) return {};
  if (auto message = find_abort_message(process)) {
    // Stack smashing has a detector that knows more.
    if (meaning_of(message->text).kind == Kind::stack_smash &&
        find_call(abort->calls, {"__stack_chk_fail"}) != kNoCall) {
      return {};
    }
    return {by_message(process, *abort, *message)};
  }
  if (auto meaning = assertion_by_call(process, *abort)) {
    return {assertion(process, *abort, *meaning)};
  }
  for (const auto& asserter : kAsserters) {
    size_t call = find_call(abort->calls, {asserter.function});
    if (call == kNoCall) continue;
    AbortMeaning meaning{.kind = Kind::assertion, .confidence = 0.9};
    Finding finding = assertion(process, *abort, meaning);
    finding.summary =
        fmt::format("an assertion of {} failed{}", asserter.library,
                    finding.summary.substr(std::string_view("an assertion failed").size()));
    return {finding};
  }
  // std::terminate has a detector of its own.
  if (termination_of(process)) return {};
  return {plain(process, *abort)};
}

}  // namespace inquest::cause
