/// The memory of the dead process: pieces of mapped files behind one read.
///
/// This is the model's only virtual seam (`MemorySource`: a live process). Pieces are borrowed
/// bytes kept alive by owners that the Memory holds. Building is single-threaded; reading is safe
/// from any thread afterwards.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/address.h"
#include "base/integers.h"

namespace inquest::snapshot {

/// Where the bytes of an address come from.
enum class Origin : uint8_t {
  dump,  ///< recorded in the dump
  file,  ///< not recorded; taken from the file that was mapped there (identity checked)
  live,  ///< read from the running process
};

/// Reads memory that is not in any piece. Implementations must be safe from any thread.
class MemorySource {
 public:
  virtual ~MemorySource() = default;
  /// Copies up to out.size() bytes from `from`; returns how many leading bytes were read.
  virtual size_t read(Address from, std::span<std::byte> out) const = 0;
};

/// Told which bytes are asked for, so that who keeps a part of a dump can keep what its analysis
/// needs. Implementations must be safe from any thread.
class MemoryWatch {
 public:
  virtual ~MemoryWatch() = default;
  /// `size` bytes at `from` were there and were read, or may have been.
  virtual void touched(Address from, uint64_t size) = 0;
};

class Memory {
 public:
  /// Adds bytes at `begin`. Where pieces overlap, the one added first wins. `owner` keeps the bytes
  /// alive. A piece that would wrap around 2^64 is cut.
  void add(Address begin, Bytes bytes, Origin origin, std::shared_ptr<const void> owner);
  /// Asked for what no piece holds.
  void set_source(std::shared_ptr<const MemorySource> source) { source_ = std::move(source); }

  /// Tells `watch` of every later read of this Memory and of its copies. While watched, a view
  /// without a limit is given 64 bytes at a time; who walks `pieces` is not seen.
  void set_watch(std::shared_ptr<MemoryWatch> watch) { watch_ = std::move(watch); }

  /// Copies up to out.size() bytes; returns how many leading bytes were there.
  size_t read(Address from, std::span<std::byte> out) const;
  /// Borrowed bytes at `from`, no copy: from there to the end of its piece, at most `limit` bytes.
  /// Empty when no piece holds `from`. Valid while the Memory lives.
  Bytes view(Address from, uint64_t limit = UINT64_MAX) const;
  std::optional<Origin> origin(Address at) const;
  bool has(Address at) const;
  /// Where to go on behind a hole: the first address at or after `at` that a piece holds; `at`
  /// itself where a source is asked, which knows no holes; absent at the end. Regions of a damaged
  /// dump may claim all addresses: who walks a region walks by this.
  std::optional<Address> next_held(Address at) const;

  /// The value at `from`; absent unless all its bytes are there.
  template <class T>
  std::optional<T> read(Address from) const {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    auto out = std::as_writable_bytes(std::span(&value, 1));
    if (read(from, out) != out.size()) return {};
    return value;
  }
  /// A pointer of `size` bytes (4 or 8).
  std::optional<uint64_t> read_pointer(Address from, unsigned size) const;
  /// A NUL-terminated string; absent when unreadable or longer than `limit`.
  std::optional<std::string> read_string(Address from, size_t limit = 4096) const;

  /// A run of bytes known without asking the source. Ascending, not overlapping.
  struct Piece {
    Address begin;
    Bytes bytes;
    Origin origin;
    Address end() const { return begin + bytes.size(); }
  };
  const std::vector<Piece>& pieces() const { return pieces_; }

 private:
  const Piece* find(Address at) const;

  std::vector<Piece> pieces_;  // ascending by begin, disjoint
  std::vector<std::shared_ptr<const void>> owners_;
  std::shared_ptr<const MemorySource> source_;
  std::shared_ptr<MemoryWatch> watch_;
};

}  // namespace inquest::snapshot
