/// NUL-terminated strings, each kept once, in one run of bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace inquest::symbols {

class StringPool {
 public:
  /// The offset of the string in bytes(). Text is cut at its first NUL. When the pool would pass
  /// 2 GiB, answers 0, the empty string.
  uint32_t intern(std::string_view text);
  const std::string& bytes() const { return bytes_; }

 private:
  void grow();
  struct Slot {
    uint32_t offset = 0;
    uint32_t hash = 0;
  };  // offset 0: free
  std::string bytes_ = std::string(1, '\0');
  std::vector<Slot> slots_ = std::vector<Slot>(1024);
  size_t used_ = 0;
};

}  // namespace inquest::symbols
