#include "base/mapped_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace inquest {

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string& path) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer that never comes.
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    return fail({.what = fmt::format("cannot be opened: {}", std::strerror(errno)),
                 .file = path,
                 .advice = "check the path and the permissions"});
  }
  auto mapped = from_descriptor(descriptor, path);
  ::close(descriptor);
  return mapped;
}

Result<std::shared_ptr<const MappedFile>> MappedFile::from_descriptor(int descriptor,
                                                                      std::string path) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    return fail({.what = S_ISDIR(status.st_mode) ? "is a directory" : "is not a regular file",
                 .file = path,
                 .advice = "give the path of a dump"});
  }
  auto size = static_cast<size_t>(status.st_size);
  if (size == 0) return std::shared_ptr<const MappedFile>(new MappedFile({}, std::move(path)));
  void* start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (start == MAP_FAILED) {
    return fail({.what = fmt::format("cannot be mapped: {}", std::strerror(errno)), .file = path});
  }
  Bytes bytes{static_cast<const std::byte*>(start), size};
  return std::shared_ptr<const MappedFile>(new MappedFile(bytes, std::move(path)));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace inquest
