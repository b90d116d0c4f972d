/// A file that appears under its name only when it is whole, with holes where nothing is written.
///
/// Until `commit` it is PATH.part; one that is dropped uncommitted is removed. Readable by its
/// owner only: memory holds secrets. Used by one thread.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "base/integers.h"

namespace inquest::capture {

class SparseFile {
 public:
  static Result<SparseFile> create(const std::string& path);
  SparseFile(SparseFile&& other) noexcept;
  SparseFile& operator=(SparseFile&&) = delete;
  ~SparseFile();

  /// Writes all of it, zeros too.
  Result<> write(uint64_t offset, Bytes bytes);
  /// Writes the blocks of 4 KiB that are not all zero.
  Result<> write_sparse(uint64_t offset, Bytes bytes);
  Result<> resize(uint64_t size);
  /// Gives the file its name. `bytes_on_disk` afterwards says what it takes.
  Result<> commit();

  /// Fails early, and says what is missing, when `bytes` will not fit on the disk.
  Result<> expect_room(uint64_t bytes) const;
  uint64_t bytes_on_disk() const { return bytes_on_disk_; }
  int descriptor() const { return file_; }
  const std::string& path() const { return path_; }

 private:
  SparseFile(int file, std::string path, std::string part)
      : file_(file), path_(std::move(path)), part_(std::move(part)) {}

  Error error(std::string_view what, int number) const;

  int file_;
  std::string path_;
  std::string part_;
  uint64_t bytes_on_disk_ = 0;
};

/// Whether all bytes are zero.
bool is_zero(Bytes bytes);

}  // namespace inquest::capture
