#include "capture/sparse_file.h"

#include <algorithm>
#include <errno.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utility>

namespace inquest::capture {
namespace {

constexpr size_t kHoleBlock = 4096;

std::string_view advice_for(int number) {
  switch (number) {
    case ENOSPC:
    case EDQUOT:
      return "free some space, or write the core to another file system";
    case EFBIG:
      return "raise the limit of file sizes (ulimit -f), or use another file system";
    case EACCES:
    case EPERM:
    case EROFS:
      return "choose a folder that you may write to";
    case ENOENT:
      return "make the folder first";
    default:
      return "";
  }
}

}  // namespace

bool is_zero(Bytes bytes) {
  // Compares the run with itself, shifted by one: memcmp is as fast as the memory.
  if (bytes.empty()) return true;
  return bytes[0] == std::byte{0} &&
         ::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

Error SparseFile::error(std::string_view what, int number) const {
  return {.what = fmt::format("{}: {}", what, ::strerror(number)),
          .file = path_,
          .advice = std::string(advice_for(number))};
}

Result<SparseFile> SparseFile::create(const std::string& path) {
  if (path.empty()) return fail("the core has no path to be written to");
  std::string part = path + ".part";
  ::unlink(part.c_str());  // left by one that was killed
  // O_EXCL: nobody who may write to the folder can lead us to another file.
  int file = ::open(part.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) {
    int number = errno;
    return fail(SparseFile(-1, path, {}).error("cannot create the file", number));
  }
  return SparseFile(file, path, std::move(part));
}

SparseFile::SparseFile(SparseFile&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      path_(std::move(other.path_)),
      part_(std::exchange(other.part_, {})),
      bytes_on_disk_(other.bytes_on_disk_) {}

SparseFile::~SparseFile() {
  if (file_ >= 0) ::close(file_);
  if (!part_.empty()) ::unlink(part_.c_str());
}

Result<> SparseFile::write(uint64_t offset, Bytes bytes) {
  while (!bytes.empty()) {
    ssize_t done = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return fail(error("cannot write", done < 0 ? errno : ENOSPC));
    offset += static_cast<uint64_t>(done);
    bytes = bytes.subspan(static_cast<size_t>(done));
  }
  return {};
}

Result<> SparseFile::write_sparse(uint64_t offset, Bytes bytes) {
  size_t begin = 0;  // of the run not yet written
  for (size_t at = 0; at < bytes.size(); at += kHoleBlock) {
    size_t size = std::min(kHoleBlock, bytes.size() - at);
    if (!is_zero(bytes.subspan(at, size))) continue;
    if (at > begin) TRY(write(offset + begin, bytes.subspan(begin, at - begin)));
    begin = at + size;
  }
  if (bytes.size() > begin) TRY(write(offset + begin, bytes.subspan(begin)));
  return {};
}

Result<> SparseFile::resize(uint64_t size) {
  // Beyond the limit the kernel would kill us with SIGXFSZ instead of failing.
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && size > limit.rlim_cur) {
    return fail(error(fmt::format("the core has {} bytes", size), EFBIG));
  }
  if (::ftruncate(file_, static_cast<off_t>(size)) != 0) {
    return fail(error(fmt::format("cannot make the file {} bytes long", size), errno));
  }
  return {};
}

Result<> SparseFile::expect_room(uint64_t bytes) const {
  struct statvfs disk{};
  if (::fstatvfs(file_, &disk) != 0) return {};
  uint64_t free = static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize;
  if (disk.f_blocks == 0 || bytes <= free) return {};
  return fail(error(
      fmt::format("the core needs {} MiB, and {} MiB are free", (bytes >> 20) + 1, free >> 20),
      ENOSPC));
}

Result<> SparseFile::commit() {
  struct stat status{};
  if (::fstat(file_, &status) == 0) {
    bytes_on_disk_ = static_cast<uint64_t>(status.st_blocks) * 512;
  }
  // Network file systems tell of a full disk only now.
  int closed = ::close(std::exchange(file_, -1));
  if (closed != 0 && errno != EINTR) return fail(error("cannot write", errno));
  if (::rename(part_.c_str(), path_.c_str()) != 0) {
    return fail(error("cannot give the finished file its name", errno));
  }
  part_.clear();
  return {};
}

}  // namespace inquest::capture
