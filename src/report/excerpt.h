/// The lines of a source file around the one that a frame stands at.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace inquest::report {

struct Excerpt {
  uint32_t first = 0;              ///< number of lines[0]
  uint32_t marked = 0;             ///< number of the frame's line
  std::vector<std::string> lines;  ///< as in the file, long ones cut, tabs as spaces
  bool newer = false;              ///< the file was changed after the process died
};

/// `around` lines before and after. Absent when the file cannot be read or has no such line. The
/// path comes from debug information: only regular files of a bounded size are opened. `died` is
/// the dump's ISO 8601 time, may be empty.
std::optional<Excerpt> excerpt(const std::string& path, uint32_t line, uint32_t around,
                               const std::string& died);

}  // namespace inquest::report
