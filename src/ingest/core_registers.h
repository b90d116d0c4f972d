/// The general registers as a core's NT_PRSTATUS holds them. Internal to ingest.
///
/// Source: <sys/procfs.h> and `struct user_regs_struct` of <sys/user.h> of each architecture.
#pragma once

#include <cstdint>
#include <optional>

#include "base/integers.h"
#include "snapshot/registers.h"

namespace inquest::ingest {

/// Of one NT_PRSTATUS; what its bytes are too few for is absent.
struct ThreadStatus {
  uint32_t id = 0;
  uint16_t signal = 0;  ///< pr_cursig
  snapshot::Registers registers;
  std::optional<uint64_t> tls = {};         ///< fs base, where the registers include it
  std::optional<int64_t> system_call = {};  ///< orig_rax: negative in none; x86-64 alone has it
  double cpu_seconds = 0;     ///< pr_utime + pr_stime; of the group's leader: of the process
  uint16_t tls_selector = 0;  ///< gs of i386: which NT_386_TLS entry holds the thread pointer
};

/// Absent when the note is too short to name even its thread.
std::optional<ThreadStatus> read_thread_status(Bytes note, snapshot::Arch arch);

}  // namespace inquest::ingest
