// The bugs that can be switched on. The clients always do the same things; only the server differs.
#pragma once

#include <span>
#include <string_view>

namespace lobby {

enum class Bug {
  none,
  null_guild,
  forgotten_map,
  double_free,
  deadlock,
  uncaught,
  stack_overflow,
  assertion,
  divide,
};

struct BugInfo {
  Bug bug;
  std::string_view name;
  std::string_view story;
};

std::span<const BugInfo> all_bugs();

/// Before any thread is started. False if there is no bug of that name.
bool switch_on(std::string_view name);

bool has(Bug bug);

}  // namespace lobby
