/// Downloads files by build id from debuginfod servers, into the cache that libdebuginfod uses.
///
/// Cache: FOLDER/<build id>/debuginfo and /executable; a file of mode 000 and size 0 remembers that
/// no server had it, for FOLDER/cache_miss_s seconds (600 where that file is missing). Source:
/// debuginfod(8), debuginfod_find_debuginfo(3). Nothing is ever removed here except what has
/// lapsed: libdebuginfod's own clean-up knows our files as its own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/integers.h"

namespace inquest::locate {

class Debuginfod {
 public:
  using Progress = std::function<void(std::string_view url, uint64_t done, uint64_t total)>;

  /// Without servers only the cache is looked at. An empty `cache` means its standard place.
  Debuginfod(std::vector<std::string> servers, std::string cache, Progress progress);
  ~Debuginfod();

  enum class Kind : uint8_t { debuginfo, executable };
  struct Fetched {
    std::string path = {};                   ///< in the cache; empty when there is none
    std::string from = {};                   ///< the URL, or the path for what the cache had
    std::vector<std::string> problems = {};  ///< a sentence each: servers that failed
  };
  /// Why the file at a path is not what was asked for; empty when it is.
  using Refuse = std::function<std::string(const std::string& path)>;
  /// Thread-safe; several downloads at once, none twice. What is refused is not kept.
  Fetched fetch(Bytes build_id, Kind kind, const Refuse& refuse) const;

  bool has_servers() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace inquest::locate
