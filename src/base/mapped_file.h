/// A whole file, mapped read-only. Owns the mapping; movable.
///
/// Files of any size: nothing is read before it is touched. Safe to read from any thread. A file
/// that shrinks while mapped raises SIGBUS when the lost part is touched, as with any mapping.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "base/integers.h"

namespace inquest {

class MappedFile {
 public:
  /// Fails on a missing or unreadable file and on what is not a regular file. Empty files map to
  /// empty bytes.
  static Result<std::shared_ptr<const MappedFile>> open(const std::string& path);
  /// Maps an open descriptor (which stays the caller's); `path` is what errors call it.
  static Result<std::shared_ptr<const MappedFile>> from_descriptor(int descriptor,
                                                                   std::string path);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  Bytes bytes() const { return bytes_; }
  const std::string& path() const { return path_; }

 private:
  MappedFile(Bytes bytes, std::string path) : bytes_(bytes), path_(std::move(path)) {}

  Bytes bytes_;
  std::string path_;
};

}  // namespace inquest
