/// A running process whose threads all stand still while this lives, and then go on.
///
/// PTRACE_SEIZE and PTRACE_INTERRUPT: no signal is sent, and interrupted system calls are restarted
/// by the kernel. Used and destroyed by the thread that made it.
#pragma once

#include <chrono>
#include <map>
#include <sys/types.h>
#include <vector>

#include "base/error.h"

namespace inquest::capture {

class PausedProcess {
 public:
  static Result<PausedProcess> pause(pid_t process);
  PausedProcess(PausedProcess&& other) noexcept;
  PausedProcess& operator=(PausedProcess&&) = delete;
  ~PausedProcess();

  /// The stopped threads, the leader first when it lives.
  std::vector<pid_t> threads() const;
  std::chrono::steady_clock::time_point since() const { return since_; }
  const std::vector<Warning>& warnings() const { return warnings_; }
  /// Lets the threads go on, before the destructor would.
  void resume();

 private:
  explicit PausedProcess(pid_t process)
      : process_(process), since_(std::chrono::steady_clock::now()) {}

  Result<bool> pause_new_threads();
  void await(pid_t thread);

  enum class State : uint8_t { interrupted, stopped, gone };
  struct Thread {
    State state = State::interrupted;
    int signal = 0;  ///< that it was about to get, and shall get
  };

  pid_t process_;
  std::chrono::steady_clock::time_point since_;
  std::map<pid_t, Thread> threads_;
  std::vector<Warning> warnings_;
};

}  // namespace inquest::capture
