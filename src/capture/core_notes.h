/// The PT_NOTE segment of a core: the records of the kernel, in its order, and one of ours.
///
/// Sources: fs/binfmt_elf.c (fill_note_info), <sys/procfs.h>, elf(5).
/// Ours: owner "INQUEST", type 1: JSON text, NUL-terminated:
///   {"threads":[{"id":N,"name":"..."}], "executable":"...", "stopped_us":N,
///    "command_line":["..."],
///    "earlier_signals":[{"thread":N,"signal":N,"code":N,"address":"0x...","before_us":N}]}
/// earlier_signals: of each thread, the last deadly signal that the program's own handler took, and
/// how long before the death. A program that re-raises from its handler tells its reason there.
#pragma once

#include <chrono>
#include <vector>

#include "capture/memory_map.h"
#include "capture/process_image.h"

namespace inquest::capture {

inline constexpr uint32_t kInquestNote = 1;

/// The size does not depend on `stopped`, which is known only when everything else is written.
std::vector<std::byte> core_notes(const ProcessImage& image, const std::vector<Mapping>& mappings,
                                  std::chrono::microseconds stopped);

}  // namespace inquest::capture
