#include <cstdlib>

#include "locate/locate.h"

namespace inquest::locate {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool is_url(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

/// Folders end at ':', but the ':' of a URL is its own; URLs end at whitespace or ';'.
std::vector<std::string> split_path(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    size_t end = is_url(text) ? text.find_first_of(" \t\n;") : text.find_first_of(" \t\n;:");
    std::string_view part = text.substr(0, end);
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return parts;
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
  options.symbols = split_path(variable("INQUEST_SYMBOL_PATH"));
  for (std::string& url : split_path(variable("DEBUGINFOD_URLS"))) {
    if (is_url(url)) options.servers.push_back(std::move(url));
  }
  // The places of libdebuginfod, in its order (debuginfod_find_debuginfo(3)).
  options.cache = variable("DEBUGINFOD_CACHE_PATH");
  if (options.cache.empty()) {
    std::string cache = variable("XDG_CACHE_HOME");
    std::string home = variable("HOME");
    if (cache.empty() && !home.empty()) cache = home + "/.cache";
    if (!cache.empty()) options.cache = cache + "/debuginfod_client";
  }
  return options;
}

}  // namespace inquest::locate
