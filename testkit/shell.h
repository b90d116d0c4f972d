/// The machine's own tools in tests, in short: `run("objcopy ...")`, `folder / "app"`.
#pragma once

#include <string>

#include "testkit/process.h"

namespace inquest::testkit {

/// Runs a shell command, its output told only when it fails. True when it exits with 0.
bool run(const std::string& command);
/// Writes a file, folders included.
void write_file(const std::string& path, const std::string& text);

inline std::string operator/(const TemporaryFolder& folder, const std::string& name) {
  return folder.file(name);
}

}  // namespace inquest::testkit
