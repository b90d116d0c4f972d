#include <cstdlib>

#include "locate/locate.h"
#include "locate/symbol_path.h"

namespace inquest::locate {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

std::string_view name(Availability availability) {
  switch (availability) {
    case Availability::full:
      return "full";
    case Availability::public_only:
      return "public";
    case Availability::none:
      return "none";
    case Availability::mismatched:
      return "mismatched";
  }
  return {};
}

Options Options::from_environment() {
  Options options;
  options.symbols = split_symbol_path(variable("INQUEST_SYMBOL_PATH"));
  for (std::string& entry : split_windows_symbol_path(variable("_NT_SYMBOL_PATH"))) {
    options.symbols.push_back(std::move(entry));
  }
  for (std::string& url : split_symbol_path(variable("DEBUGINFOD_URLS"))) {
    if (is_url(url)) options.servers.push_back(std::move(url));
  }
  std::string cache = variable("XDG_CACHE_HOME");
  std::string home = variable("HOME");
  if (cache.empty() && !home.empty()) cache = home + "/.cache";
  if (!cache.empty()) options.symbol_cache = cache + "/inquest/symbol-store";
  // The places of libdebuginfod, in its order (debuginfod_find_debuginfo(3)).
  options.cache = variable("DEBUGINFOD_CACHE_PATH");
  if (options.cache.empty() && !cache.empty()) options.cache = cache + "/debuginfod_client";
  return options;
}

}  // namespace inquest::locate
