/// Catches a death and writes the ELF core itself; dumps a live process that goes on.
///
/// Uses ptrace(2): the program runs untouched until a fatal signal stops it. Linux, x86-64 and
/// AArch64; a 32-bit program runs, but no core of it is written. What is caught and what is not:
/// docs/capture.md.
///
/// Threads: the functions may be called from any thread, and block it until they are done. `run`
/// reaps the children of the calling thread and changes the signal handling of the whole process
/// while it runs, so only one `run` at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/error.h"

namespace inquest::capture {

struct CoreOptions {
  /// Of the core to write. It appears under this name when it is whole (PATH.part until then) and
  /// replaces a file of that name. `run` puts the process id in the place of "%p" and the command's
  /// name in that of "%e".
  std::string path;
  /// Also write file-backed read-only pages (text); they are large and seldom needed.
  bool everything = false;
  /// `run` only: watch the children that the program forks too, each with a core of its own
  /// (PATH.PID unless `path` has "%p"), and wait for the last of them. Otherwise children are let
  /// go untouched.
  bool follow_children = false;
};

struct CoreWritten {
  std::string path;
  uint64_t bytes = 0;                      ///< file size, holes included
  std::chrono::microseconds stopped = {};  ///< how long the process stood still
  std::vector<Warning> warnings = {};
  uint64_t disk_bytes = 0;                  ///< what the file takes, holes not included
  pid_t pid = 0;                            ///< whose core it is
  size_t threads = 0;                       ///< recorded with their registers; 0 when not counted
  std::chrono::microseconds read_for = {};  ///< `copy_in_place`: how long reading took
  size_t threads_running = 0;  ///< `copy_in_place`: of which nobody knows where they stand
};

/// Writes a core of a running process, which goes on. Needs the right to ptrace it.
Result<CoreWritten> dump_process(pid_t pid, const CoreOptions& options);

/// The same without stopping it: what changes while it is read may contradict itself. Registers are
/// those of blocked threads' system calls only. Needs the right to ptrace it, but does not.
Result<CoreWritten> copy_in_place(pid_t pid, const CoreOptions& options);

struct RunOutcome {
  std::optional<int> exit_status = {};   ///< when it exited
  std::optional<int> signal = {};        ///< when it was killed
  std::optional<CoreWritten> core = {};  ///< when its death was caught
  /// Why there is no core of a death that deserved one, such as a full disk.
  std::optional<Error> core_error = {};
  std::vector<CoreWritten> child_cores = {};  ///< with follow_children: of children that died
  std::vector<Warning> warnings = {};         ///< what could not be watched, and why
};
/// Starts argv (argv[0] looked up in PATH), passes signals through, waits for its end.
Result<RunOutcome> run(const std::vector<std::string>& argv, const CoreOptions& options);

/// Stores a core that the kernel writes to a pipe (core_pattern "|..."), sparse where it is zero,
/// in bounded memory however large it is. Beside it, PATH.json holds what only the dying process's
/// /proc says: thread names, command line, executable. A stream that ends early, or a disk that
/// fills up, leaves the part that came, with a warning.
Result<CoreWritten> catch_from_kernel(int input_descriptor, const std::string& path, pid_t pid);

}  // namespace inquest::capture
