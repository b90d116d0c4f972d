#include <fmt/core.h>
#include <unistd.h>

#include "capture/capture.h"
#include "capture/core_writer.h"
#include "capture/memory_map.h"
#include "capture/proc_files.h"
#include "capture/process_memory.h"
#include "capture/thread_places.h"

namespace inquest::capture {
namespace {

/// Registers as far as /proc says, thread pointers as far as memory does.
Result<ProcessImage> look_at_threads(pid_t process) {
  ProcessImage image{.process = process};
  for (pid_t id : threads_of(process)) {
    auto status = thread_status(id);
    if (!status || status->is_dead()) continue;
    image.threads.push_back(read_running_thread(process, id));
  }
  if (image.threads.empty()) return fail(fmt::format("process {} has ended", process));
  image.memory_thread = image.threads.front().id;
  auto memory = TRY(ProcessMemory::open(image.memory_thread));
  auto mappings = parse_memory_map(read_proc(image.memory_thread, "maps").value_or(""));
  auto pointers = find_thread_pointers(memory, mappings, image.threads);
  for (ThreadImage& thread : image.threads) {
    auto found = pointers.find(thread.id);
    if (found != pointers.end()) set_thread_pointer(thread, found->second);
  }
  return image;
}

/// Without the right to look, every page would be zero.
Result<> check_rights(pid_t process) {
  auto memory = TRY(ProcessMemory::open(process));
  for (const Mapping& mapping : parse_memory_map(read_proc(process, "maps").value_or(""))) {
    std::byte probe;
    if (mapping.read && !mapping.device && memory.read(mapping.range.begin, {&probe, 1}) == 1)
      return {};
  }
  return fail(fmt::format("the memory of process {} may not be read", process),
              "run inquest as the same user or as root; see ptrace(2) for what else forbids it");
}

size_t running(const ProcessImage& image) {
  size_t count = 0;
  for (const ThreadImage& thread : image.threads) count += stack_pointer(thread) == 0;
  return count;
}

}  // namespace

Result<CoreWritten> copy_in_place(pid_t pid, const CoreOptions& options) {
  auto status = thread_status(pid);
  if (!status) {
    return fail(fmt::format("there is no process {}", pid), "see `ps -e` for the running ones");
  }
  TRY(check_rights(status->process));
  const auto since = std::chrono::steady_clock::now();
  ProcessImage image = TRY(look_at_threads(status->process));
  auto core = TRY(write_core(image, options.path, options.everything, since));
  core.read_for = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - since);
  core.stopped = {};
  core.threads_running = running(image);
  return core;
}

}  // namespace inquest::capture
