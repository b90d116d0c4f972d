#include <fmt/core.h>
#include <unistd.h>

#include "capture/capture.h"
#include "capture/core_writer.h"
#include "capture/paused_process.h"
#include "capture/proc_files.h"

namespace inquest::capture {

Result<CoreWritten> dump_process(pid_t pid, const CoreOptions& options) {
  auto status = thread_status(pid);
  if (!status) {
    return fail(fmt::format("there is no process {}", pid), "see `ps -e` for the running ones");
  }
  if (status->process == ::getpid()) return fail("a process cannot dump itself");
  if (status->is_dead() && threads_of(pid).size() <= 1) {
    return fail(fmt::format("process {} has ended; only its exit status is left", pid));
  }
  auto paused = TRY(PausedProcess::pause(status->process));

  ProcessImage image{.process = status->process};
  for (pid_t thread : paused.threads()) {
    image.threads.push_back(TRY(read_thread(thread)));
  }
  image.memory_thread = image.threads.front().id;
  auto core = TRY(write_core(image, options.path, options.everything, paused.since()));
  paused.resume();
  core.stopped = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - paused.since());
  core.warnings.insert(core.warnings.begin(), paused.warnings().begin(), paused.warnings().end());
  return core;
}

}  // namespace inquest::capture
