/// A child process that waits for a word before it becomes the program: time to attach to it.
///
/// The child inherits the signal mask, the dispositions, the terminal and the process group, as
/// under env(1). Used by one thread.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

#include "base/error.h"

namespace inquest::capture {

class HeldChild {
 public:
  static Result<HeldChild> start(const std::vector<std::string>& argv);
  HeldChild(HeldChild&& other) noexcept;
  HeldChild& operator=(HeldChild&&) = delete;
  /// Kills a child that was never released.
  ~HeldChild();

  pid_t pid() const { return pid_; }
  /// Lets it execute the program.
  void release();
  /// errno of a failed exec, to be asked when the child ended without one; 0 when there was none.
  int exec_error();

 private:
  HeldChild(pid_t pid, int go, int failure) : pid_(pid), go_(go), failure_(failure) {}

  pid_t pid_;
  int go_;       // write end: a byte releases the child
  int failure_;  // read end: errno of exec
};

}  // namespace inquest::capture
