/// Passes on to a child the signals that other processes send to us, while it lives.
///
/// Not those that the terminal sends (Ctrl-C, a closed window): the child is in our process group
/// and gets them itself. Signals that we were started to ignore stay ignored. SIGCHLD is put to its
/// default so that children can be waited for. One at a time in a process.
#pragma once

#include <signal.h>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace inquest::capture {

class SignalRelay {
 public:
  explicit SignalRelay(pid_t child);
  SignalRelay(const SignalRelay&) = delete;
  SignalRelay& operator=(const SignalRelay&) = delete;
  /// Puts the handlers back as they were.
  ~SignalRelay();

  /// The child has ended: its number may soon be another's.
  void stop();

  struct Sender {
    pid_t pid = 0;
    uid_t user = 0;
    friend bool operator==(const Sender&, const Sender&) = default;
  };
  /// Who sent us the signal that was last passed on.
  static Sender sender(int signal);

 private:
  std::vector<std::pair<int, struct sigaction>> before_;
};

}  // namespace inquest::capture
