/// The texts in the bytes of a block, one after the other.
///
/// objects::find_text tells characters from other bytes; here is what makes them a text: short runs
/// count only where a NUL or the end of the block follows, low bytes of pointers do not, and bytes
/// that are no UTF-8 may be CP949. For one thread; borrows the memory.
#pragma once

#include <optional>
#include <string>

#include "snapshot/snapshot.h"

namespace inquest::cause {

struct FoundText {
  uint64_t offset = 0;  ///< in the bytes
  uint64_t bytes = 0;
  std::string_view encoding = {};  ///< "ascii", "utf-8", "utf-16", "cp949"
  std::string text = {};           ///< UTF-8; the first 512 bytes of it
};

class TextWalk {
 public:
  explicit TextWalk(const snapshot::Snapshot& process) : process_(process) {}

  /// Other bytes: `at` is where they lie in the process.
  void begin(Address at, Bytes bytes);
  std::optional<FoundText> next();

 private:
  std::optional<FoundText> next_korean(size_t end);
  bool is_pointer(size_t begin, size_t bytes) const;
  bool is_ended(size_t end) const { return end >= bytes_.size() || bytes_[end] == std::byte{0}; }

  const snapshot::Snapshot& process_;
  Address at_ = {};
  Bytes bytes_ = {};
  size_t from_ = 0, korean_from_ = 0;
};

}  // namespace inquest::cause
