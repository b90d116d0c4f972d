#include "capture/core_path.h"

#include <algorithm>
#include <fmt/core.h>

namespace inquest::capture {

std::string core_path(std::string_view pattern, pid_t process, std::string_view command,
                      bool distinct) {
  std::string path;
  for (size_t i = 0; i < pattern.size(); ++i) {
    std::string_view word = pattern.substr(i, 2);
    if (word == "%p") {
      path += fmt::format("{}", process);
      distinct = false;
    } else if (word == "%e") {
      std::string name(command);
      std::replace(name.begin(), name.end(), '/', '!');
      path += name;
    } else {
      path += pattern[i];
      continue;
    }
    ++i;
  }
  if (distinct) path += fmt::format(".{}", process);
  return path;
}

}  // namespace inquest::capture
