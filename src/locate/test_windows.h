/// A dump of Windows with one module, and the files of its build, for the tests of this room.
#pragma once

#include <filesystem>

#include "locate/locate.h"
#include "testkit/shell.h"
#include "testkit/windows_files.h"

namespace inquest::locate {

inline constexpr std::string_view kId = "3249D99D0C4049318610F4E4FB0B69361";
inline constexpr std::string_view kImageId = "5AB380779000";

inline snapshot::Snapshot windows_snapshot(const std::string& dump = {}) {
  snapshot::Snapshot snapshot;
  snapshot.format = snapshot::Format::minidump;
  snapshot.os = snapshot::Os::windows;
  snapshot.path = dump;
  snapshot::Module module;
  module.path = "C:\\game\\crash.exe";
  module.range = {{0x140000000}, {0x140009000}};
  module.bias = 0x140000000;
  module.is_main = true;
  module.identity.debug_id = kId;
  module.identity.debug_file = "C:\\build\\crash.pdb";
  module.identity.timestamp = 0x5ab38077;
  snapshot.modules.push_back(module);
  return snapshot;
}

inline std::string sym_text(std::string_view id = kId) {
  return fmt::format("MODULE windows x86_64 {} crash.pdb\nFILE 0 a.cc\nFUNC 1000 10 0 main\n", id);
}

/// Recorded paths, the dump's folder and the machine's caches are left out.
inline Options folder_options(std::vector<std::string> symbols) {
  Options options;
  options.symbols = std::move(symbols);
  options.system_paths = false;
  options.cache = "/nonexistent";
  return options;
}

inline ModuleFiles find_windows(const snapshot::Snapshot& snapshot, Options options) {
  return Locator(std::move(options)).find(snapshot, snapshot.modules[0]);
}

}  // namespace inquest::locate
