#include "capture/tracing.h"

#include <algorithm>
#include <elf.h>
#include <errno.h>
#include <fmt/core.h>
#include <stddef.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#include "capture/proc_files.h"

namespace inquest::capture {
namespace {

/// An upper bound: the largest is XSTATE, 11 KB with AMX; SVE of 2048-bit vectors is 18 KB.
constexpr size_t kRegisterSetBytes = 64 * 1024;

void* as_pointer(unsigned long value) { return reinterpret_cast<void*>(value); }

Error denied(pid_t thread) {
  Error error{.what = fmt::format("ptrace of process {} is not permitted", thread)};
  auto status = thread_status(thread);
  if (status && status->tracer != 0) {
    error.what = fmt::format("process {} is already traced by process {} ({})", thread,
                             status->tracer, thread_name(status->tracer));
    error.advice = "end that debugger or tracer first";
    return error;
  }
  error.advice =
      "run inquest as the same user or as root (in a container: --cap-add=SYS_PTRACE); if "
      "/proc/sys/kernel/yama/ptrace_scope is not 0, only root or a process's parent may trace it";
  return error;
}

}  // namespace

Result<> seize(pid_t thread, unsigned long options) {
  if (::ptrace(PTRACE_SEIZE, thread, nullptr, as_pointer(options)) == 0) return {};
  if (errno == ESRCH) return fail(fmt::format("there is no process {}", thread));
  if (errno == EPERM || errno == EACCES) return fail(denied(thread));
  return fail(
      fmt::format("cannot trace process {}: {}", thread, ::strerror(errno)),
      errno == ENOSYS || errno == EIO ? "this kernel or sandbox does not offer ptrace" : "");
}

bool interrupt(pid_t thread) { return ::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) == 0; }

bool resume(pid_t thread, int signal) {
  return ::ptrace(PTRACE_CONT, thread, nullptr, as_pointer(static_cast<unsigned>(signal))) == 0;
}

bool listen(pid_t thread) { return ::ptrace(PTRACE_LISTEN, thread, nullptr, nullptr) == 0; }

bool detach(pid_t thread, int signal) {
  return ::ptrace(PTRACE_DETACH, thread, nullptr, as_pointer(static_cast<unsigned>(signal))) == 0;
}

std::optional<siginfo_t> signal_info(pid_t thread) {
  siginfo_t info{};
  if (::ptrace(PTRACE_GETSIGINFO, thread, nullptr, &info) != 0) return {};
  return info;
}

std::optional<unsigned long> event_message(pid_t thread) {
  unsigned long message = 0;
  if (::ptrace(PTRACE_GETEVENTMSG, thread, nullptr, &message) != 0) return {};
  return message;
}

bool set_signal_info(pid_t thread, const siginfo_t& info) {
  siginfo_t copy = info;
  return ::ptrace(PTRACE_SETSIGINFO, thread, nullptr, &copy) == 0;
}

std::optional<uint64_t> program_counter(pid_t thread) {
  elf_gregset_t registers;  // large enough for a 32-bit program's too
  iovec where{&registers, sizeof registers};
  if (::ptrace(PTRACE_GETREGSET, thread, as_pointer(NT_PRSTATUS), &where) != 0) return {};
  if (where.iov_len != sizeof registers) return {};
#if defined(__x86_64__)
  return registers[offsetof(user_regs_struct, rip) / sizeof registers[0]];
#else
  return registers[32];  // x0 to x30, sp, pc
#endif
}

std::vector<std::byte> register_set(pid_t thread, unsigned type) {
  std::vector<std::byte> bytes(kRegisterSetBytes);
  iovec where{bytes.data(), bytes.size()};
  if (::ptrace(PTRACE_GETREGSET, thread, as_pointer(type), &where) != 0) return {};
  return {bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(where.iov_len)};
}

std::optional<uint64_t> signal_mask(pid_t thread) {
  uint64_t mask = 0;
  if (::ptrace(PTRACE_GETSIGMASK, thread, as_pointer(sizeof mask), &mask) != 0) return {};
  return mask;
}

Stop stop_of(int wait_status) {
  return {.signal = WSTOPSIG(wait_status), .event = static_cast<int>(wait_status >> 16)};
}

Wait wait_for(pid_t thread, int& status, std::chrono::steady_clock::time_point until) {
  // waitpid knows no time limit. The first looks come quickly, because a thread usually stops
  // within microseconds and the target stands still while we wait.
  std::chrono::nanoseconds pause{2'000};
  for (;;) {
    pid_t got = ::waitpid(thread, &status, __WALL | WNOHANG);
    if (got == thread) return WIFSTOPPED(status) ? Wait::stopped : Wait::ended;
    if (got < 0 && errno != EINTR) return Wait::ended;
    if (std::chrono::steady_clock::now() >= until) return Wait::timed_out;
    timespec rest{0, static_cast<long>(pause.count())};
    ::nanosleep(&rest, nullptr);
    pause = std::min(pause * 2, std::chrono::nanoseconds{2'000'000});
  }
}

}  // namespace inquest::capture
