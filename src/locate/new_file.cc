#include "locate/new_file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace inquest::locate {
namespace {

Error system_error(const std::string& what, const std::string& path, std::string_view advice) {
  return {.what = what + ": " + std::strerror(errno), .file = path, .advice = std::string(advice)};
}

}  // namespace

Result<NewFile> NewFile::begin(std::string path, std::string_view advice) {
  std::string parent = std::filesystem::path(path).parent_path().string();
  std::error_code error;
  std::filesystem::create_directories(parent, error);
  std::string temporary = path + ".XXXXXX";
  int descriptor = mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor < 0) return fail(system_error("cannot be written", parent, advice));
  return NewFile(descriptor, std::move(temporary), std::move(path), advice);
}

NewFile::NewFile(NewFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      temporary_(std::exchange(other.temporary_, {})),
      path_(std::move(other.path_)),
      advice_(other.advice_) {}

NewFile::~NewFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

Result<> NewFile::keep(unsigned mode) {
  fchmod(descriptor_, mode);
  if (rename(temporary_.c_str(), path_.c_str()) != 0) {
    return fail(system_error("cannot be written", path_, advice_));
  }
  temporary_.clear();
  return {};
}

}  // namespace inquest::locate
