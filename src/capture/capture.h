/// Catches a death and writes the ELF core itself; dumps a live process that goes on.
///
/// Uses ptrace(2): the program runs untouched until a fatal signal stops it. Linux, x86-64 and
/// AArch64.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace inquest::capture {

struct CoreOptions {
  std::string path;            ///< of the core to write
  /// Also write file-backed read-only pages (text); they are large and seldom needed.
  bool everything = false;
};

struct CoreWritten {
  std::string path;
  uint64_t bytes = 0;                      ///< file size, holes included
  std::chrono::microseconds stopped = {};  ///< how long the process stood still
  std::vector<Warning> warnings = {};
};

/// Writes a core of a running process, which goes on. Needs the right to ptrace it.
Result<CoreWritten> dump_process(pid_t pid, const CoreOptions& options);

struct RunOutcome {
  std::optional<int> exit_status = {};  ///< when it exited
  std::optional<int> signal = {};       ///< when it was killed
  std::optional<CoreWritten> core = {}; ///< when its death was caught
};
/// Starts argv (argv[0] looked up in PATH), passes signals through, waits for its end.
Result<RunOutcome> run(const std::vector<std::string>& argv, const CoreOptions& options);

}  // namespace inquest::capture
