#include "report/source_lines.h"

#include <algorithm>
#include <unordered_set>
#include <vector>

namespace inquest::report {
namespace {

struct SourceLine {
  std::string name, place;
};

std::string name_of_source(const answer::Frame& frame) {
  std::string path = clean(frame.file);
  path = path.substr(path.find_last_of("/\\") + 1);
  return frame.line ? fmt::format("{}:{}", path, frame.line) : path;
}

}  // namespace

std::string source_lines(std::span<const answer::Stack> stacks, size_t most,
                         const Palette& palette) {
  std::vector<SourceLine> lines;
  std::unordered_set<std::string> told;
  size_t left_out = 0;
  for (const answer::Stack& stack : stacks) {
    for (const answer::Frame& frame : stack.frames) {
      if (frame.source_url.empty() && frame.source_command.empty()) continue;
      if (!told.insert(frame.module + '\0' + frame.file).second) continue;
      if (most != 0 && lines.size() == most) {
        ++left_out;
        continue;
      }
      lines.push_back({name_of_source(frame), frame.source_url.empty()
                                                  ? "by: " + clean(frame.source_command)
                                                  : clean(frame.source_url)});
    }
  }
  size_t width = 0;
  for (const SourceLine& line : lines) width = std::max(width, columns(line.name));
  width = std::min<size_t>(width, 40);
  std::string out;
  for (const SourceLine& line : lines) {
    size_t pad = columns(line.name) < width ? width - columns(line.name) : 0;
    out += palette.dim(fmt::format("  {}{:{}}  {}", line.name, "", pad, line.place)) + "\n";
  }
  if (left_out > 0) {
    out +=
        palette.dim(fmt::format("  ... {} more files: inquest stack lists them", left_out)) + "\n";
  }
  return out;
}

}  // namespace inquest::report
