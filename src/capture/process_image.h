/// What a core says of a stopped process besides its memory: gathered from ptrace and /proc.
///
/// Raw register sets stay the bytes that the kernel gave: a core holds the same bytes. Values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <signal.h>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "base/error.h"

namespace inquest::capture {

struct ThreadImage {
  pid_t id = 0;
  std::string name;
  std::vector<std::byte> general;                                     ///< NT_PRSTATUS registers
  std::vector<std::byte> floating;                                    ///< NT_FPREGSET; may be empty
  std::vector<std::pair<uint32_t, std::vector<std::byte>>> extended;  ///< NT_X86_XSTATE and such
  uint64_t pending = 0, blocked = 0;                                  ///< bit n-1 is signal n
};

/// A deadly signal that the program's own handler took before the one that ended it.
struct EarlierSignal {
  pid_t thread = 0;
  int signal = 0;
  int code = 0;
  uint64_t address = 0;                   ///< si_addr
  std::chrono::microseconds before = {};  ///< how long before the death
};

struct ProcessImage {
  pid_t process = 0;
  pid_t memory_thread = 0;           ///< a living thread: through it the memory is read
  std::vector<ThreadImage> threads;  ///< the dying one first
  std::optional<siginfo_t> signal;   ///< absent when the process lives on
  std::vector<EarlierSignal> earlier;
};

/// From its registers.
uint64_t stack_pointer(const ThreadImage& thread);

/// The registers of a stopped thread. Fails when it is gone, and for a 32-bit program, whose cores
/// we do not write.
Result<ThreadImage> read_thread(pid_t thread);

}  // namespace inquest::capture
