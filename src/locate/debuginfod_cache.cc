#include "locate/debuginfod_cache.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include "locate/locate.h"

namespace inquest::locate {
namespace {

constexpr long kDefaultMissSeconds = 600;

Error system_error(std::string what, const std::string& path) {
  return {.what = what + ": " + std::strerror(errno),
          .file = path,
          .advice = "set DEBUGINFOD_CACHE_PATH to a folder that can be written"};
}

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

Result<DebuginfodCache::Download> DebuginfodCache::begin(const std::string& build_id,
                                                         std::string_view kind) const {
  if (folder_.empty())
    return fail("there is no folder to download to", "set DEBUGINFOD_CACHE_PATH");
  std::string file = path(build_id, kind);
  std::string parent = folder_ + "/" + build_id;
  std::error_code error;
  std::filesystem::create_directories(parent, error);
  std::string temporary = file + ".XXXXXX";
  int descriptor = mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor < 0) return fail(system_error("cannot be written", parent));
  return Download(descriptor, std::move(temporary), std::move(file));
}

DebuginfodCache::Download::Download(Download&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      temporary_(std::exchange(other.temporary_, {})),
      path_(std::move(other.path_)) {}

DebuginfodCache::Download::~Download() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

Result<> DebuginfodCache::Download::keep() {
  // Read-only, as libdebuginfod leaves it: everybody maps these files.
  fchmod(descriptor_, 0400);
  if (rename(temporary_.c_str(), path_.c_str()) != 0) {
    return fail(system_error("cannot be written", path_));
  }
  temporary_.clear();
  return {};
}

void DebuginfodCache::mark_missing(const std::string& build_id, std::string_view kind) const {
  // A failure costs one more question next time, nothing else.
  auto download = begin(build_id, kind);
  if (!download) return;
  fchmod(download->descriptor_, 0);
  if (rename(download->temporary_.c_str(), download->path_.c_str()) == 0) {
    download->temporary_.clear();
  }
}

void DebuginfodCache::remove(const std::string& build_id, std::string_view kind) const {
  unlink(path(build_id, kind).c_str());
}

}  // namespace inquest::locate
