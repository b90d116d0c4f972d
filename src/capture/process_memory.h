/// Reads the memory of a stopped process. Owns one descriptor; used by one thread.
#pragma once

#include <memory>
#include <span>
#include <sys/types.h>

#include "base/address.h"
#include "base/error.h"

namespace inquest::capture {

class ProcessMemory {
 public:
  /// `thread` is any living thread of the process: the leader may be dead already.
  static Result<ProcessMemory> open(pid_t thread);
  ProcessMemory(ProcessMemory&& other) noexcept;
  ProcessMemory& operator=(ProcessMemory&&) = delete;
  ~ProcessMemory();

  /// Fills `out` from `from`. Returns how many leading bytes were read.
  size_t read(Address from, std::span<std::byte> out) const;

 private:
  ProcessMemory(pid_t thread, int file) : thread_(thread), file_(file) {}

  pid_t thread_;
  int file_;  // /proc/ID/mem; -1 when it cannot be opened
};

}  // namespace inquest::capture
