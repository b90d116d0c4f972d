#include "report/excerpt.h"

#include <algorithm>
#include <ctime>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace inquest::report {
namespace {

constexpr off_t kLargestSource = 16 << 20;
constexpr size_t kLongestLine = 160;

std::optional<time_t> seconds_of(const std::string& iso) {
  tm parts{};
  const char* end = strptime(iso.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (!end) return {};
  return timegm(&parts);
}

/// The whole of a regular file, and when it was changed.
std::optional<std::string> content(const std::string& path, time_t& changed) {
  // O_NONBLOCK: the path may name a pipe, which would wait for ever for its other end.
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return {};
  struct stat status{};
  std::string text;
  if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
      status.st_size <= kLargestSource) {
    text.resize(static_cast<size_t>(status.st_size));
    size_t done = 0;
    while (done < text.size()) {
      ssize_t n = read(descriptor, text.data() + done, text.size() - done);
      if (n <= 0) break;
      done += static_cast<size_t>(n);
    }
    text.resize(done);
    changed = status.st_mtime;
  }
  close(descriptor);
  return text;
}

std::string shown(std::string_view line) {
  std::string text;
  for (char c : line.substr(0, kLongestLine)) {
    if (c == '\t') {
      text += "  ";
    } else if (c != '\r') {
      text += c;
    }
  }
  if (line.size() > kLongestLine) text += "…";
  return text;
}

}  // namespace

std::optional<Excerpt> excerpt(const std::string& path, uint32_t line, uint32_t around,
                               const std::string& died) {
  if (line == 0 || !path.starts_with('/')) return {};
  time_t changed = 0;
  auto text = content(path, changed);
  if (!text) return {};
  Excerpt found;
  found.marked = line;
  found.first = line > around ? line - around : 1;
  std::string_view rest = *text;
  for (uint32_t number = 1; !rest.empty() && number <= line + uint64_t{around}; ++number) {
    size_t end = std::min(rest.find('\n'), rest.size());
    if (number >= found.first) found.lines.push_back(shown(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (found.first + found.lines.size() <= line) return {};
  auto death = seconds_of(died);
  found.newer = death && changed > *death;
  return found;
}

}  // namespace inquest::report
