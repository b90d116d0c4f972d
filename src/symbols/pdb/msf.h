/// The container of a PDB: streams in blocks. Bytes -> streams, read in place.
///
/// Source: LLVM "The MSF File Format"; Microsoft's microsoft-pdb. Everything is a claim that is
/// checked at opening: a stream then lies inside the file, and no block belongs to two streams more
/// often than the file has blocks, so that reading all streams costs the size of the file at most.
/// Immutable; safe from any thread.
#pragma once

#include <memory>
#include <vector>

#include "base/cursor.h"
#include "base/mapped_file.h"

namespace inquest::symbols::pdb {

class Msf {
 public:
  static Result<std::shared_ptr<const Msf>> open(std::shared_ptr<const MappedFile> file);

  uint32_t stream_count() const { return static_cast<uint32_t>(streams_.size()); }
  /// 0 for a stream that is not there.
  uint64_t size(uint32_t stream) const;
  /// [offset, offset + n) of a stream, cut at its end. A view of the file where the blocks lie one
  /// after the other, else copied into `scratch`. Valid while both live.
  Bytes read(uint32_t stream, uint64_t offset, uint64_t n, std::vector<std::byte>& scratch) const;

  const std::string& path() const { return file_->path(); }
  uint64_t file_size() const { return file_->bytes().size(); }

 private:
  struct Stream {
    uint64_t size = 0;
    uint64_t first_block = 0;  ///< in blocks_
  };
  explicit Msf(std::shared_ptr<const MappedFile> file) : file_(std::move(file)) {}
  Result<> read_directory();
  Result<Bytes> directory(Cursor& superblock, uint64_t& block_count,
                          std::vector<std::byte>& scratch);
  Bytes gather(const uint32_t* blocks, uint64_t offset, uint64_t n,
               std::vector<std::byte>& scratch) const;

  std::shared_ptr<const MappedFile> file_;
  uint64_t block_size_ = 0;
  std::vector<Stream> streams_;
  std::vector<uint32_t> blocks_;
};

/// A whole stream, with the memory that it may need.
class StreamBytes {
 public:
  StreamBytes(const Msf& msf, uint32_t stream)
      : bytes_(msf.read(stream, 0, msf.size(stream), scratch_)) {}
  StreamBytes(const StreamBytes&) = delete;
  StreamBytes& operator=(const StreamBytes&) = delete;
  Bytes bytes() const { return bytes_; }

 private:
  std::vector<std::byte> scratch_;
  Bytes bytes_;
};

}  // namespace inquest::symbols::pdb
