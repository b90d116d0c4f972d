// Killed: the signal was sent by another process (or by the kernel for a reason outside the
// program). The instruction at which the process happened to be is innocent, whatever the signal.
#include "cause/calls.h"
#include "cause/detectors/detectors.h"
#include "cause/fault/fault.h"
#include "cause/runtime/caught_signal.h"

namespace inquest::cause {
namespace {

using answer::Kind;

constexpr int kTimeUsed = 24, kFileTooLarge = 25;  // SIGXCPU, SIGXFSZ

/// Signals that say by themselves what for. The kernel sends SIGXFSZ in the process's own name.
/// Source: signal(7), setrlimit(2).
std::string_view limit_reached(int signal) {
  if (signal == kTimeUsed) return "it had used the processor time that it may (RLIMIT_CPU)";
  if (signal == kFileTooLarge)
    return "it wrote to a file beyond the size that it may (RLIMIT_FSIZE)";
  return {};
}

std::string how_sent(int code) {
  switch (code) {
    case sig::si_user:
      return "kill()";
    case sig::si_queue:
      return "sigqueue()";
    case sig::si_tkill:
      return "tgkill()";
    default:
      return fmt::format("si_code {}", code);
  }
}

/// Signals that end a process without any fault of its own, when nobody caught them.
bool is_asking_to_end(int signal) {
  constexpr int quiet[] = {1,         2,         sig::quit, sig::kill,    sig::pipe,
                           sig::alrm, sig::term, kTimeUsed, kFileTooLarge};
  return std::find(std::begin(quiet), std::end(quiet), signal) != std::end(quiet);
}

/// A crash reporter ended the process after a signal that somebody else had sent: the signal that
/// the dump names is only the handler's.
answer::Finding killed_through_handler(const Process& process, const CaughtSignal& caught) {
  const auto& stack = *process.crashed_stack();
  std::string name = signal_name(caught.signal);
  std::string who = caught.sender == 0 ? "Somebody outside the process's pid namespace"
                                       : fmt::format("Process {}", caught.sender);
  std::string handler;
  for (const Call& call : calls_of(process, stack)) {
    if (call.frame == caught.handler) handler = place_of(process, call);
  }
  answer::Finding finding{.kind = Kind::killed, .confidence = 0.93};
  finding.summary = fmt::format("{} sent {}; the process's own handler of it{} then ended it.", who,
                                name, handler.empty() ? "" : ", " + handler + ",");
  uint32_t thread = process.snapshot().crashed_thread()->id;
  finding.evidence.push_back(
      {.what = fmt::format("the handler was called for {} by {} from pid {}, uid {}", name,
                           how_sent(caught.code), caught.sender, caught.user),
       .thread = thread,
       .frame = caught.handler});
  finding.evidence.push_back(
      {.what = "it was at " + process.describe(stack.frames[caught.interrupted].pc),
       .thread = thread,
       .frame = caught.interrupted,
       .address = stack.frames[caught.interrupted].pc});
  finding.next.push_back(
      fmt::format("find out what process {} is and why it sent {} (a supervisor, a watchdog, an "
                  "operator)",
                  caught.sender, name));
  return finding;
}

}  // namespace

Findings detect_killed(const Process& process) {
  const auto& fault = process.snapshot().fault;
  auto site = fault_site(process);
  if (!fault || !fault->signal || (site && site->handled)) return {};
  if (auto caught = caught_signal(process)) {
    if (caught->sender != process.snapshot().process.pid) {
      return {killed_through_handler(process, *caught)};
    }
  }
  int signal = *fault->signal;
  bool sent = fault->signal_code && *fault->signal_code <= 0;
  auto own = process.snapshot().process.pid;

  answer::Finding finding{.kind = Kind::killed};
  std::string name = signal_name(signal);
  if (sent && fault->sender_pid && own && *fault->sender_pid != *own && *fault->sender_pid != 0) {
    finding.confidence = 0.97;
    finding.summary =
        fmt::format("Process {} sent {} and so ended this one; no fault of its own is recorded.",
                    *fault->sender_pid, name);
    finding.next = {fmt::format(
        "find out what process {} is and why it sent {} (a supervisor, a "
        "watchdog, an operator); if the process hung, what its threads were about says where",
        *fault->sender_pid, name)};
  } else if (sent && fault->sender_pid == 0) {
    // Sent from outside this process's pid namespace.
    finding.confidence = 0.95;
    finding.summary = fmt::format(
        "{} was sent from outside the process's pid namespace (a container's host, or the kernel).",
        name);
  } else if (auto limit = limit_reached(signal); !limit.empty()) {
    finding.confidence = 0.8;
    finding.summary = fmt::format("{} ended the process: {}.", name, limit);
    finding.next = {
        "look at the limits that it was started with (ulimit -a, LimitCPU= and "
        "LimitFSIZE= of a service)"};
  } else if (sent && own && fault->sender_pid == *own && is_asking_to_end(signal)) {
    finding.confidence = 0.6;
    finding.summary = fmt::format("The process sent itself {}.", name);
  } else if (sent && own && fault->sender_pid == *own && signal != sig::abrt) {
    finding.kind = Kind::abort;
    finding.confidence = 0.7;
    finding.summary = fmt::format("The process sent itself {}.", name);
  } else if (is_asking_to_end(signal)) {
    finding.confidence = fault->signal_code == sig::si_kernel ? 0.8 : 0.7;
    finding.summary = fmt::format("{} ended the process; no fault of its own is recorded.", name);
  } else {
    return {};
  }
  std::string who = fault->sender_pid ? fmt::format(" from pid {}", *fault->sender_pid) : "";
  if (fault->sender_uid) who += fmt::format(", uid {}", *fault->sender_uid);
  finding.evidence.push_back(
      {.what = fmt::format("{} by {}{}{}", name,
                           fault->signal_code ? how_sent(*fault->signal_code) : "unknown means",
                           who, own ? fmt::format("; this process is pid {}", *own) : "")});
  if (site && site->pc) {
    finding.evidence.push_back({.what = "it was at " + process.describe(*site->pc),
                                .thread = site->thread_id,
                                .frame = 0,
                                .address = site->pc});
  }
  return {std::move(finding)};
}

}  // namespace inquest::cause
