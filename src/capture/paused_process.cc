#include "capture/paused_process.h"

#include <fmt/core.h>
#include <utility>

#include "capture/proc_files.h"
#include "capture/tracing.h"

namespace inquest::capture {
namespace {

/// A thread that sleeps in the kernel uninterruptibly may never stop.
constexpr std::chrono::seconds kPatience{5};

}  // namespace

Result<PausedProcess> PausedProcess::pause(pid_t process) {
  PausedProcess paused(process);
  // The threads that a pass has stopped create no more; those that they had just created are found
  // by the next pass. So this ends after as many passes as threads are being created by threads
  // that are themselves new.
  while (TRY(paused.pause_new_threads())) {
  }
  if (paused.threads().empty()) {
    return fail(fmt::format("no thread of process {} could be stopped", process),
                "it is ending, or hangs in the kernel");
  }
  return paused;
}

Result<bool> PausedProcess::pause_new_threads() {
  std::vector<pid_t> fresh;
  for (pid_t id : threads_of(process_)) {
    if (threads_.contains(id)) continue;
    if (auto seized = seize(id, 0); !seized) {
      auto status = thread_status(id);
      if (status && !status->is_dead()) return fail(seized.error());
      threads_[id].state = State::gone;
      continue;
    }
    threads_[id] = {};
    interrupt(id);
    fresh.push_back(id);
  }
  for (pid_t id : fresh) await(id);
  return !fresh.empty();
}

void PausedProcess::await(pid_t id) {
  Thread& thread = threads_[id];
  int status = 0;
  switch (wait_for(id, status, std::chrono::steady_clock::now() + kPatience)) {
    case Wait::stopped: {
      thread.state = State::stopped;
      Stop stop = stop_of(status);
      if (stop.event == 0) thread.signal = stop.signal;
      break;
    }
    case Wait::ended:
      thread.state = State::gone;
      break;
    case Wait::timed_out:
      warnings_.push_back(
          {fmt::format("thread {} ({}) did not stop; its registers are not recorded", id,
                       thread_name(id)),
           "it hangs in the kernel (disk, network file system, or vfork)"});
      break;
  }
}

std::vector<pid_t> PausedProcess::threads() const {
  std::vector<pid_t> ids;
  auto leader = threads_.find(process_);
  if (leader != threads_.end() && leader->second.state == State::stopped) ids.push_back(process_);
  for (const auto& [id, thread] : threads_) {
    if (id != process_ && thread.state == State::stopped) ids.push_back(id);
  }
  return ids;
}

void PausedProcess::resume() {
  for (auto& [id, thread] : threads_) {
    if (thread.state == State::interrupted) {
      // One that did not stop cannot be let go either, until it does; another look is cheap.
      int status = 0;
      if (wait_for(id, status, std::chrono::steady_clock::now()) != Wait::stopped) continue;
      if (Stop stop = stop_of(status); stop.event == 0) thread.signal = stop.signal;
    }
    if (thread.state != State::gone) detach(id, thread.signal);
    thread.state = State::gone;
  }
  threads_.clear();
}

PausedProcess::PausedProcess(PausedProcess&& other) noexcept
    : process_(other.process_),
      since_(other.since_),
      threads_(std::exchange(other.threads_, {})),
      warnings_(std::move(other.warnings_)) {}

PausedProcess::~PausedProcess() { resume(); }

}  // namespace inquest::capture
