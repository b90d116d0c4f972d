/// The container of a PDB: streams in blocks that lie anywhere in the file. Bytes -> streams, read
/// in place.
///
/// Source: LLVM "The MSF File Format"; Microsoft's microsoft-pdb. Everything is a claim that is
/// checked at opening: a stream then lies inside the file, and no block belongs to two streams more
/// often than the file has blocks, so that reading all streams costs the size of the file at most.
/// Opening reads the directory alone: four bytes a block. Immutable; safe from any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/cursor.h"

namespace inquest::pdb {

/// Whether the bytes begin as a PDB of version 7 does; the rest may still be damaged.
bool is_msf(Bytes file);
/// Bytes that the header says the whole file has; 0 for what is no PDB. A shorter file is cut.
uint64_t claimed_size(Bytes file);

class Msf {
 public:
  /// `owner` keeps the bytes alive; null when the caller does. `name` is for errors.
  static Result<std::shared_ptr<const Msf>> open(Bytes file, std::string name,
                                                 std::shared_ptr<const void> owner);

  uint32_t stream_count() const { return static_cast<uint32_t>(streams_.size()); }
  /// 0 for a stream that is not there.
  uint64_t size(uint32_t stream) const;
  /// [offset, offset + n) of a stream, cut at its end. A view of the file where the blocks lie one
  /// after the other, else copied into `scratch`. Valid while both live.
  Bytes read(uint32_t stream, uint64_t offset, uint64_t n, std::vector<std::byte>& scratch) const;
  /// The structure at the beginning of a stream; absent when the stream is shorter.
  template <class T>
  std::optional<T> head(uint32_t stream) const {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) == 1);
    std::vector<std::byte> scratch;
    Cursor cursor(read(stream, 0, sizeof(T), scratch), "stream of a PDB");
    T value = cursor.read<T>();
    if (cursor.failed()) return {};
    return value;
  }

  const std::string& path() const { return name_; }
  uint64_t file_size() const { return file_.size(); }

 private:
  struct Stream {
    uint64_t size = 0;
    uint64_t first_block = 0;  ///< in blocks_
  };
  Msf(Bytes file, std::string name, std::shared_ptr<const void> owner)
      : file_(file), name_(std::move(name)), owner_(std::move(owner)) {}
  Result<> read_directory();
  Result<Bytes> directory(uint64_t& block_count, std::vector<std::byte>& scratch);
  Bytes gather(const uint32_t* blocks, uint64_t offset, uint64_t n,
               std::vector<std::byte>& scratch) const;

  Bytes file_;
  std::string name_;
  std::shared_ptr<const void> owner_;
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

}  // namespace inquest::pdb
