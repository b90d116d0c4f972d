#include "capture/process_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace inquest::capture {

Result<ProcessMemory> ProcessMemory::open(pid_t thread) {
  int file = ::open(fmt::format("/proc/{}/mem", thread).c_str(), O_RDONLY | O_CLOEXEC);
  return ProcessMemory(thread, file);
}

ProcessMemory::ProcessMemory(ProcessMemory&& other) noexcept
    : thread_(other.thread_), file_(std::exchange(other.file_, -1)) {}

ProcessMemory::~ProcessMemory() {
  if (file_ >= 0) ::close(file_);
}

size_t ProcessMemory::read(Address from, std::span<std::byte> out) const {
  size_t filled = 0;
  // One copy, whole pages pinned at once; but it respects the page protection.
  while (filled < out.size()) {
    iovec here{out.data() + filled, out.size() - filled};
    iovec there{reinterpret_cast<void*>(from.value + filled), out.size() - filled};
    ssize_t got = ::process_vm_readv(thread_, &here, 1, &there, 1, 0);
    if (got <= 0) break;
    filled += static_cast<size_t>(got);
  }
  // Slower, but a tracer may read through it what the process itself may not (PROT_NONE).
  while (filled < out.size() && file_ >= 0) {
    ssize_t got = ::pread(file_, out.data() + filled, out.size() - filled,
                          static_cast<off_t>(from.value + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    filled += static_cast<size_t>(got);
  }
  return filled;
}

}  // namespace inquest::capture
