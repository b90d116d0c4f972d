#include "capture/supervisor.h"

#include <algorithm>
#include <errno.h>
#include <fmt/core.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/core_path.h"
#include "capture/core_writer.h"
#include "capture/proc_files.h"
#include "capture/tracing.h"

namespace inquest::capture {
namespace {

/// How long a thread may take to stop when another one has died.
constexpr std::chrono::seconds kPatience{5};

/// A signal to the whole process group reaches the program twice, from its sender and by our relay,
/// when the two come within this time.
constexpr std::chrono::seconds kEcho{1};

constexpr bool dumps_core(int signal) {
  switch (signal) {
    case SIGQUIT:
    case SIGILL:
    case SIGABRT:
    case SIGFPE:
    case SIGSEGV:
    case SIGBUS:
    case SIGSYS:
    case SIGTRAP:
    case SIGXCPU:
    case SIGXFSZ:
      return true;
    default:
      return false;
  }
}

bool has(uint64_t mask, int signal) { return mask >> (signal - 1) & 1; }

/// The kernel need not write a second core. 1 and not 0: a core_pattern pipe ignores the limit but
/// for this value (fs/coredump.c).
void suppress_kernel_core(pid_t process) {
  rlimit limit{};
  if (::prlimit(process, RLIMIT_CORE, nullptr, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(1, limit.rlim_max);
  ::prlimit(process, RLIMIT_CORE, &limit, nullptr);
}

}  // namespace

Result<> Supervisor::attach(pid_t child) {
  unsigned long options = PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT;
  if (options_.follow_children) options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
  TRY(seize(child, options));
  main_ = child;
  tracees_[child].process = child;
  return {};
}

void Supervisor::watch(SignalRelay& relay) {
  while (!tracees_.empty() && (!main_ended_ || options_.follow_children)) {
    auto waiting = std::find_if(tracees_.begin(), tracees_.end(), [](const auto& entry) {
      return entry.second.deferred.has_value();
    });
    if (waiting != tracees_.end()) {
      int status = *waiting->second.deferred;
      waiting->second.deferred.reset();
      handle(waiting->first, status);
    } else {
      int status = 0;
      // Only the children of this thread: others may be waited for elsewhere in the process.
      pid_t thread = ::waitpid(-1, &status, __WALL | __WNOTHREAD);
      if (thread < 0 && errno == EINTR) continue;
      if (thread < 0) break;
      handle(thread, status);
    }
    if (main_ended_) relay.stop();
  }
}

void Supervisor::handle(pid_t thread, int status) {
  if (!WIFSTOPPED(status)) return on_end(thread, status);
  if (!tracees_.contains(thread) && !adopt(thread)) return;
  Stop stop = stop_of(status);
  switch (stop.event) {
    case 0:
      return on_signal(thread, stop.signal);
    case PTRACE_EVENT_EXEC:
      return on_exec(thread);
    case PTRACE_EVENT_EXIT:
      return on_exit(thread);
    case PTRACE_EVENT_STOP:
      // With a stop signal it is the whole group's stop: it lasts until SIGCONT. Otherwise a new
      // thread's first stop, the end of a group's stop, or our own interruption.
      if (stop.signal == SIGTRAP) {
        resume(thread, 0);
      } else {
        listen(thread);
      }
      return;
    default:
      resume(thread, 0);  // clone, fork: the new one reports itself
  }
}

bool Supervisor::adopt(pid_t thread) {
  auto status = thread_status(thread);
  pid_t process = status ? status->process : 0;
  bool known = std::any_of(tracees_.begin(), tracees_.end(),
                           [&](const auto& entry) { return entry.second.process == process; });
  if (!known && !options_.follow_children) {
    // A process made by a bare clone() without SIGCHLD: ptrace takes it for a thread.
    detach(thread, 0);
    return false;
  }
  tracees_[thread].process = process;
  return true;
}

void Supervisor::on_end(pid_t thread, int status) {
  auto found = tracees_.find(thread);
  if (found == tracees_.end()) return;
  if (found->second.process == thread) {
    // The leader is reported last.
    std::erase_if(tracees_, [&](const auto& entry) { return entry.second.process == thread; });
    recorded_.erase(thread);  // the number may come again
  } else {
    tracees_.erase(found);
  }
  if (thread != main_) return;
  main_ended_ = true;
  if (WIFEXITED(status)) outcome_.exit_status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome_.signal = WTERMSIG(status);
}

void Supervisor::on_exec(pid_t thread) {
  pid_t process = tracees_[thread].process;
  // The other threads are gone, without a word; the one that called has the leader's number now.
  std::erase_if(tracees_, [&](const auto& entry) {
    return entry.second.process == process && entry.first != process;
  });
  tracees_[process] = {.process = process};
  if (process == main_) executed_ = true;

  struct stat file{};
  auto status = thread_status(process);
  if (status && ::stat(fmt::format("/proc/{}/exe", process).c_str(), &file) == 0 &&
      (file.st_mode & S_ISUID) && file.st_uid != status->effective_user) {
    warn(fmt::format("{} is set-user-id, and runs without its privileges while it is watched",
                     executable_path(process)),
         "run inquest as root, or let the kernel write the core (core_pattern)");
  }
  resume(thread, 0);
}

bool Supervisor::is_echo(pid_t thread, int signal) {
  auto info = signal_info(thread);
  if (!info || info->si_code > 0 || tracees_[thread].process != main_) return false;
  Arrival arrival{{info->si_pid, info->si_uid}, info->si_pid == ::getpid(), Clock::now()};
  if (arrival.relayed) {
    arrival.sender = SignalRelay::sender(signal);
    // The program learns who meant it.
    info->si_pid = arrival.sender.pid;
    info->si_uid = arrival.sender.user;
    set_signal_info(thread, *info);
  }
  auto known = arrivals_.find(signal);
  if (known != arrivals_.end() && known->second.sender == arrival.sender &&
      known->second.relayed != arrival.relayed && arrival.when - known->second.when < kEcho) {
    arrivals_.erase(known);
    return true;
  }
  arrivals_[signal] = arrival;
  return false;
}

void Supervisor::on_signal(pid_t thread, int signal) {
  if (is_echo(thread, signal)) {
    resume(thread, 0);
    return;
  }
  if (!dumps_core(signal)) {
    resume(thread, signal);
    return;
  }
  Tracee& tracee = tracees_[thread];
  auto info = signal_info(thread);
  auto status = thread_status(thread);
  bool deadly = info && status && !has(status->caught, signal) && !has(status->ignored, signal);
  if (info && status && has(status->caught, signal)) {
    tracee.handled = Handled{*info, Clock::now(), program_counter(thread)};
  }
  if (deadly) record_death(thread, *info);
  resume(thread, signal);
}

pid_t Supervisor::last_handled(pid_t process, int signal) const {
  pid_t last = 0;
  Clock::time_point latest{};
  for (const auto& [id, tracee] : tracees_) {
    if (tracee.process != process || tracee.exiting || !tracee.handled) continue;
    if (tracee.handled->info.si_signo != signal || tracee.handled->when < latest) continue;
    latest = tracee.handled->when;
    last = id;
  }
  return last;
}

void Supervisor::on_exit(pid_t thread) {
  Tracee& tracee = tracees_[thread];
  int signal = static_cast<int>(event_message(thread).value_or(0) & 0x7f);
  if (dumps_core(signal) && !recorded_[tracee.process]) {
    siginfo_t info{};
    info.si_signo = signal;
    info.si_code = SI_KERNEL;
    // All threads of a dying group pass here, in any order. The one that died is the one that was
    // last seen with this signal, if one was.
    pid_t dying = last_handled(tracee.process, signal);
    int status = 0;
    if (dying != 0 && dying != thread &&
        wait_for(dying, status, Clock::now() + kPatience) == Wait::stopped) {
      Tracee& other = tracees_[dying];
      // Both stops are handled again when the core is there: they stay stopped until then.
      tracee.deferred = SIGTRAP << 8 | 0x7f | PTRACE_EVENT_EXIT << 16;
      other.deferred = status;
      record_death(dying, other.handled->info);
      return;
    }
    if (dying == thread) info = tracee.handled->info;
    record_death(thread, info);
  }
  tracee.exiting = true;
  resume(thread, 0);
}

siginfo_t Supervisor::reason(pid_t dying, const siginfo_t& info) const {
  const auto& handled = tracees_.at(dying).handled;
  if (!handled || handled->info.si_signo != info.si_signo) return info;
  // Sent again by the program's handler, or by the kernel because no frame for the handler fits on
  // the stack: the thread is back where it first happened, and the first record has the address.
  bool again =
      info.si_code == SI_KERNEL || ((info.si_code == SI_TKILL || info.si_code == SI_USER) &&
                                    info.si_pid == tracees_.at(dying).process);
  return again && handled->pc && handled->pc == program_counter(dying) ? handled->info : info;
}

void Supervisor::stop_others(pid_t process, pid_t dying) {
  const auto until = Clock::now() + kPatience;
  for (const auto& [id, tracee] : tracees_) {
    if (tracee.process == process && id != dying && !tracee.deferred) interrupt(id);
  }
  auto await = [&](pid_t id) {
    int status = 0;
    switch (wait_for(id, status, until)) {
      case Wait::stopped:
        tracees_[id].deferred = status;
        break;
      case Wait::ended:
        tracees_.erase(id);
        break;
      case Wait::timed_out:
        warn(fmt::format("thread {} ({}) did not stop; its registers are not recorded", id,
                         thread_name(id)),
             "it hangs in the kernel (disk, network file system, or vfork)");
        break;
    }
  };
  std::vector<pid_t> running;
  for (const auto& [id, tracee] : tracees_) {
    if (tracee.process == process && id != dying && !tracee.deferred && !tracee.exiting) {
      running.push_back(id);
    }
  }
  for (pid_t id : running) await(id);
  // Threads just born are attached by the kernel and stop by themselves; they have yet to report.
  std::vector<pid_t> tried;
  for (bool found = true; found;) {
    found = false;
    for (pid_t id : threads_of(process)) {
      if (tracees_.contains(id) || std::binary_search(tried.begin(), tried.end(), id)) continue;
      tried.insert(std::upper_bound(tried.begin(), tried.end(), id), id);
      auto status = thread_status(id);
      if (!status || status->is_dead()) continue;
      tracees_[id].process = process;
      await(id);
      found = true;
    }
  }
}

void Supervisor::record_death(pid_t dying, siginfo_t info) {
  const auto since = Clock::now();
  const pid_t process = tracees_[dying].process;
  if (std::exchange(recorded_[process], true)) return;
  stop_others(process, dying);

  std::string path = core_path(options_.path, process, thread_name(process), process != main_);
  auto write = [&]() -> Result<CoreWritten> {
    ProcessImage image{.process = process, .memory_thread = dying, .signal = reason(dying, info)};
    image.threads.push_back(TRY(read_thread(dying)));
    for (const auto& [id, tracee] : tracees_) {
      if (tracee.process != process) continue;
      if (tracee.handled) {
        const siginfo_t& earlier = tracee.handled->info;
        image.earlier.push_back({.thread = id,
                                 .signal = earlier.si_signo,
                                 .code = earlier.si_code,
                                 .address = reinterpret_cast<uint64_t>(earlier.si_addr),
                                 .before = std::chrono::duration_cast<std::chrono::microseconds>(
                                     since - tracee.handled->when)});
      }
      if (id == dying || !tracee.deferred) continue;
      // One that ended meanwhile is only missing.
      if (auto thread = read_thread(id)) image.threads.push_back(*std::move(thread));
    }
    return write_core(image, path, options_.everything, since, WhenFull::stacks_only);
  };
  auto core = write();
  if (core) suppress_kernel_core(process);
  if (process != main_) {
    if (core)
      outcome_.child_cores.push_back(*std::move(core));
    else
      warn(fmt::format("no core of child process {}: {}", process, core.error().line()));
  } else if (core) {
    outcome_.core = *std::move(core);
  } else {
    outcome_.core_error = std::move(core).error();
  }
}

void Supervisor::warn(std::string what, std::string advice) {
  Warning warning{std::move(what), std::move(advice)};
  auto& warnings = outcome_.warnings;
  if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end()) {
    warnings.push_back(std::move(warning));
  }
}

}  // namespace inquest::capture
