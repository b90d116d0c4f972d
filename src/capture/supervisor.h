/// Watches a program through ptrace until it ends, and writes its core at the moment of its death.
///
/// A death is a signal whose action is to dump core, seen before it is delivered, with no handler
/// of the program's own; or, for one that the kernel does not show (a handler's frame that does not
/// fit on the stack, a seccomp filter), the stop at the exit that follows, where registers and
/// memory are still there. Everything else passes through unchanged.
/// Used by one thread: the one that attached.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <signal.h>
#include <sys/types.h>

#include "capture/capture.h"
#include "capture/process_image.h"
#include "capture/signal_relay.h"

namespace inquest::capture {

class Supervisor {
 public:
  explicit Supervisor(const CoreOptions& options) : options_(options) {}

  /// Before the program is let go: `child` is about to execute it.
  Result<> attach(pid_t child);
  /// Until the end of the program (and of its followed children). The relay is stopped when the
  /// program itself has ended.
  void watch(SignalRelay& relay);

  bool executed() const { return executed_; }
  RunOutcome take_outcome() { return std::move(outcome_); }

 private:
  using Clock = std::chrono::steady_clock;

  /// A deadly signal that the program has a handler for.
  struct Handled {
    siginfo_t info;
    Clock::time_point when;
    std::optional<uint64_t> pc;
  };
  struct Tracee {
    pid_t process = 0;
    std::optional<int> deferred = {};  ///< a stop to be handled when the core is written
    bool exiting = false;
    std::optional<Handled> handled = {};
  };

  /// A signal that came once from its sender and once through our relay.
  struct Arrival {
    SignalRelay::Sender sender;
    bool relayed = false;
    Clock::time_point when;
  };

  void handle(pid_t thread, int status);
  void on_end(pid_t thread, int status);
  void on_signal(pid_t thread, int signal);
  void on_exit(pid_t thread);
  void on_exec(pid_t thread);
  bool adopt(pid_t thread);
  bool is_echo(pid_t thread, int signal);

  void record_death(pid_t thread, siginfo_t info);
  pid_t last_handled(pid_t process, int signal) const;
  siginfo_t reason(pid_t dying, const siginfo_t& info) const;
  void stop_others(pid_t process, pid_t dying);
  void warn(std::string what, std::string advice = {});

  const CoreOptions& options_;
  pid_t main_ = 0;
  bool executed_ = false;
  bool main_ended_ = false;
  std::map<pid_t, Tracee> tracees_;
  std::map<pid_t, bool> recorded_;   ///< processes whose death was dealt with
  std::map<int, Arrival> arrivals_;  ///< by signal: the last that has no echo yet
  RunOutcome outcome_;
};

}  // namespace inquest::capture
