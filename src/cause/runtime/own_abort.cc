#include "cause/runtime/own_abort.h"

#include "cause/runtime/caught_signal.h"

namespace inquest::cause {

std::optional<OwnAbort> own_abort(const Process& process) {
  const auto& snapshot = process.snapshot();
  const auto& fault = snapshot.fault;
  const auto* thread = snapshot.crashed_thread();
  if (!fault || !thread) return {};
  // A handler of SIGABRT raises it again, or another: the abort lies below the handler.
  auto caught = caught_signal(process);
  bool was_caught = caught && caught->signal == kSigAbort && snapshot.process.pid &&
                    caught->sender == *snapshot.process.pid;
  if (!was_caught && fault->signal.value_or(0) != kSigAbort) return {};
  if (fault->sender_pid && snapshot.process.pid && *fault->sender_pid != *snapshot.process.pid) {
    return {};
  }

  OwnAbort out;
  out.thread = thread;
  out.stack = process.crashed_stack();
  if (out.stack) out.calls = calls_of(process, *out.stack);
  if (was_caught) {
    std::erase_if(out.calls, [&](const Call& call) { return call.frame < caught->interrupted; });
  }

  // The machinery is at the top of the stack; unnamed frames of libc in between belong to it.
  size_t past = 0;
  for (size_t i = 0; i < out.calls.size(); ++i) {
    const auto& call = out.calls[i];
    if (is_any(call, {"abort", "raise", "gsignal", "pthread_kill", "__pthread_kill_implementation",
                      "__pthread_kill_internal", "__pthread_kill", "tgkill", "kill", "__abort"})) {
      out.by_name = true;
      out.by_abort |= is_any(call, {"abort", "__abort"});
      past = i + 1;
    } else if (call.module && call.module->is_vdso) {
      // i386 enters the kernel by __kernel_vsyscall.
    } else if (!call.module || !is_runtime(*call.module) || !call.function.empty()) {
      break;
    }
  }
  // Sent by nobody that is known: only the stack can tell.
  if (!fault->sender_pid && !out.by_name) return {};
  if (past < out.calls.size()) out.caller = past;
  return out;
}

}  // namespace inquest::cause
