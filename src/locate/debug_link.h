/// .gnu_debuglink and .gnu_debugdata: what an image itself says of its symbols.
///
/// Source: the GDB manual, "Debugging Information in Separate Files" and "MiniDebugInfo".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "format/elf/file.h"

namespace inquest::locate {

/// Where the linked file may be, for an image at `image_path` (recorded or real): its folder,
/// .debug/ in it, and the same folder under `debug_root`.
std::vector<std::string> debug_link_places(std::string_view link_name,
                                           const std::string& image_path,
                                           const std::string& debug_root);

/// CRC-32 (as zlib's) of the whole file equals the link's.
bool crc_matches(const elf::File& candidate, uint32_t crc);

/// The mini debug info of an image, unpacked in memory; null when it has none. Fails on damage.
Result<std::shared_ptr<const elf::File>> mini_debug_file(const elf::File& image);

}  // namespace inquest::locate
