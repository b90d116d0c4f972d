/// What /proc says of a process or a thread: small files as values.
///
/// A process may vanish at any moment, so everything here can be absent. Safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "base/error.h"

namespace inquest::capture {

/// The bytes of /proc/ID/NAME, at most `limit`; absent when it cannot be read.
std::optional<std::string> read_proc(pid_t id, std::string_view name,
                                     size_t limit = size_t{1} << 30);

struct ThreadStatus {
  std::string name;
  char state = '?';  ///< R S D T t Z X
  pid_t process = 0;
  pid_t parent = 0;
  pid_t tracer = 0;  ///< 0 when nobody traces it
  uint32_t real_user = 0, effective_user = 0, real_group = 0;
  uint64_t pending = 0, blocked = 0, ignored = 0, caught = 0;  ///< bit n-1 is signal n

  bool is_dead() const { return state == 'Z' || state == 'X'; }
};
/// From the text of /proc/ID/status; lines that are missing leave zeros.
ThreadStatus parse_thread_status(std::string_view text);
std::optional<ThreadStatus> thread_status(pid_t id);

/// The fields of /proc/ID/stat that a core names; zeros when they cannot be read.
struct ProcessStat {
  int group = 0, session = 0, nice = 0;
  uint64_t flags = 0;
  uint64_t user_ticks = 0, system_ticks = 0, child_user_ticks = 0, child_system_ticks = 0;
};
ProcessStat parse_process_stat(std::string_view text);

/// The ids of a process's threads, dead ones included; empty when there is no such process.
std::vector<pid_t> threads_of(pid_t process);
/// argv; empty for a kernel thread or a process that ended.
std::vector<std::string> command_line(pid_t id);
/// Path of the executable as the kernel gives it; empty when it is not known.
std::string executable_path(pid_t id);
/// The thread's name (comm).
std::string thread_name(pid_t id);

}  // namespace inquest::capture
