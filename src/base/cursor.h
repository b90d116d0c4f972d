/// The only way through untrusted bytes: a reader whose first error sticks and knows its offset.
///
/// After an error every read yields zero or empty, so that a parser may read a whole record and ask
/// once, with `finish()`. A Cursor borrows its bytes; it is a value, used by one thread.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "base/error.h"
#include "base/integers.h"

namespace inquest {

class Cursor {
 public:
  /// `stream` names the part of the file in errors. `origin` is the file offset of bytes[0].
  /// Borrowed: bytes and stream (a literal) must outlive the cursor.
  explicit Cursor(Bytes bytes, std::string_view stream = {}, uint64_t origin = 0)
      : bytes_(bytes), stream_(stream), origin_(origin) {}

  /// The next sizeof(T) bytes as a T of alignment 1 (a packed integer or a struct of them).
  template <class T>
  T read() {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) == 1);
    T value{};
    Bytes raw = take(sizeof(T));
    if (!raw.empty()) std::memcpy(static_cast<void*>(&value), raw.data(), sizeof(T));
    return value;
  }

  /// A borrowed run of n bytes; empty after an error.
  Bytes take(uint64_t n) {
    if (failed() || n > remaining()) return stick_short(n);
    Bytes run = bytes_.subspan(position_, n);
    position_ += n;
    return run;
  }

  uint64_t uleb128();
  int64_t sleb128();
  /// Up to and without the next NUL, which is consumed; an error when there is none.
  std::string_view c_string();

  void skip(uint64_t n) { take(n); }
  /// Absolute, from the cursor's first byte. One past the end is allowed.
  void seek(uint64_t position);
  /// Skips to the next multiple of `alignment` (a power of two) from the first byte.
  void align(uint64_t alignment);

  /// Reads a little-endian 32-bit count of records, refusing one that the bytes left cannot hold.
  uint32_t count(uint64_t record_size);
  /// Refuses `n` records of `record_size` bytes when they do not fit in what remains.
  bool fits(uint64_t n, uint64_t record_size);

  uint64_t position() const { return position_; }
  uint64_t remaining() const { return bytes_.size() - position_; }
  bool at_end() const { return failed() || remaining() == 0; }
  bool failed() const { return failed_; }
  Bytes bytes() const { return bytes_; }

  /// Marks the input as bad at the current offset; the first mark wins.
  void error(std::string what);
  /// The first error, if there was one.
  Result<> finish() const;

 private:
  Bytes stick_short(uint64_t wanted);

  Bytes bytes_;
  std::string_view stream_;
  uint64_t origin_ = 0;
  uint64_t position_ = 0;
  bool failed_ = false;
  uint64_t failed_at_ = 0;
  std::string what_;
};

}  // namespace inquest
