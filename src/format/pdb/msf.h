/// The container of a PDB: streams cut into blocks that lie anywhere in the file.
///
/// Only what is needed to read the head of a stream: nothing is copied or listed, each look-up goes
/// through the directory in the file. Source: LLVM "The MSF File Format". Borrows the bytes.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <type_traits>

#include "base/error.h"
#include "base/integers.h"

namespace inquest::pdb {

bool is_msf(Bytes file);

class Msf {
 public:
  static Result<Msf> open(Bytes file, const std::string& name);

  /// The first sizeof(T) bytes of a stream; absent when it is shorter or its blocks are not there.
  template <class T>
  std::optional<T> read(uint32_t stream) const {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) == 1);
    T value;
    if (!read(stream, std::as_writable_bytes(std::span(&value, 1)))) return {};
    return value;
  }
  uint64_t expected_bytes() const { return uint64_t{block_size_} * block_count_; }

 private:
  explicit Msf(Bytes file) : file_(file) {}
  bool read(uint32_t stream, std::span<std::byte> out) const;
  std::optional<uint32_t> file_word(uint64_t offset) const;
  std::optional<uint32_t> directory_word(uint64_t index) const;
  uint64_t blocks_of(uint32_t stream_size) const;

  Bytes file_;
  uint32_t block_size_ = 0, block_count_ = 0, directory_bytes_ = 0, map_block_ = 0;
};

}  // namespace inquest::pdb
