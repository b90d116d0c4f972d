/// Writes the ELF core of a stopped process: the layout of the kernel's, read by gdb, lldb,
/// eu-stack and Inquest. See core_notes.h and core_segments.h for what goes into it.
#pragma once

#include <chrono>

#include "capture/capture.h"
#include "capture/process_image.h"

namespace inquest::capture {

/// What to do when the disk has no room for the core.
enum class WhenFull : uint8_t {
  fail,
  stacks_only,  ///< a death cannot be repeated: keep at least what the stacks need, with a warning
};

/// The process must stay stopped, by the calling thread, until this returns. `stopped_since` is
/// when it was stopped. On an Error nothing is left on the disk.
Result<CoreWritten> write_core(const ProcessImage& image, const std::string& path, bool everything,
                               std::chrono::steady_clock::time_point stopped_since,
                               WhenFull when_full = WhenFull::fail);

}  // namespace inquest::capture
