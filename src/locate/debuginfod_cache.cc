#include "locate/debuginfod_cache.h"

#include <ctime>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include "locate/locate.h"

namespace inquest::locate {
namespace {

constexpr long kDefaultMissSeconds = 600;
constexpr std::string_view kAdvice = "set DEBUGINFOD_CACHE_PATH to a folder that can be written";

long miss_seconds(const std::string& folder) {
  std::ifstream file(folder + "/cache_miss_s");
  long seconds = 0;
  return file >> seconds && seconds >= 0 ? seconds : kDefaultMissSeconds;
}

}  // namespace

DebuginfodCache::DebuginfodCache(std::string folder) : folder_(std::move(folder)) {
  if (folder_.empty()) folder_ = Options::from_environment().cache;
}

std::string DebuginfodCache::path(const std::string& build_id, std::string_view kind) const {
  return folder_ + "/" + build_id + "/" + std::string(kind);
}

DebuginfodCache::State DebuginfodCache::look(const std::string& build_id,
                                             std::string_view kind) const {
  if (folder_.empty()) return State::not_asked;
  struct stat status{};
  std::string file = path(build_id, kind);
  if (stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return State::not_asked;
  if (status.st_size > 0) return State::there;
  // The mode 000 is the mark; root could open the file all the same.
  if ((status.st_mode & 0777) == 0 &&
      std::time(nullptr) - status.st_mtime <= miss_seconds(folder_)) {
    return State::known_missing;
  }
  return State::not_asked;
}

Result<NewFile> DebuginfodCache::begin(const std::string& build_id, std::string_view kind) const {
  if (folder_.empty())
    return fail("there is no folder to download to", "set DEBUGINFOD_CACHE_PATH");
  return NewFile::begin(path(build_id, kind), kAdvice);
}

void DebuginfodCache::mark_missing(const std::string& build_id, std::string_view kind) const {
  // A failure costs one more question next time, nothing else.
  if (auto mark = begin(build_id, kind)) (void)mark->keep(0);
}

void DebuginfodCache::remove(const std::string& build_id, std::string_view kind) const {
  unlink(path(build_id, kind).c_str());
}

}  // namespace inquest::locate
