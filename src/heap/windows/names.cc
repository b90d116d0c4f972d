#include "heap/windows/names.h"

#include <fmt/core.h>

namespace inquest::heap::windows {

std::string arena_name(Target& target, uint64_t heap) {
  return heap == target.process_heap() ? std::string("process heap")
                                       : fmt::format("heap {:#x}", heap);
}

size_t find_module(const snapshot::Snapshot& process, std::string_view name) {
  for (size_t i = 0; i < process.modules.size(); ++i) {
    std::string file(process.modules[i].file_name());
    for (char& c : file) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    if (file == name) return i;
  }
  return SIZE_MAX;
}

std::string not_confirmed(const snapshot::Snapshot& process) {
  std::string text = "layout not yet confirmed on a dump of this Windows build";
  if (!process.system.os_version.empty()) text += " (" + process.system.os_version + ")";
  return text;
}

}  // namespace inquest::heap::windows
