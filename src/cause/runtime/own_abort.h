/// A process that ended itself with SIGABRT: told apart from one that was sent the signal.
///
/// abort(3) raises SIGABRT by tgkill(2) from the thread itself (si_code SI_TKILL, si_pid its own),
/// in every glibc and musl.
#pragma once

#include <optional>
#include <vector>

#include "cause/calls.h"
#include "cause/runtime/abort_message.h"

namespace inquest::cause {

inline constexpr int kSigAbort = 6;

struct OwnAbort {
  const snapshot::Thread* thread = nullptr;  ///< borrowed
  const unwind::Stack* stack = nullptr;      ///< borrowed
  std::vector<Call> calls = {};
  /// The first call outside of abort, raise and the like: who gave up. kNoCall when not known.
  size_t caller = kNoCall;
  bool by_name = false;   ///< the stack says abort or raise
  bool by_abort = false;  ///< it says abort
};

/// Absent when the process died of something else, or another process sent the signal.
std::optional<OwnAbort> own_abort(const Process& process);

}  // namespace inquest::cause
