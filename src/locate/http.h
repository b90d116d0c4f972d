/// Downloads a file over HTTP(S): what debuginfod and symbol servers have in common.
///
/// A cut transfer goes on where it stopped (when the server proves that it is still the same file),
/// a busy server is asked again, a slow one is given up. Several transfers at once, each on a
/// connection that is kept. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/error.h"

namespace inquest::locate {

class Http {
 public:
  using Progress = std::function<void(std::string_view url, uint64_t done, uint64_t total)>;
  explicit Http(Progress progress);
  ~Http();

  enum class Reply : uint8_t {
    got,
    not_there,    ///< the server says that it has no such file
    failed,       ///< an error of this transfer; other files may come
    unreachable,  ///< nobody answers, or too slowly: asking for more costs a time-out each
  };
  struct Outcome {
    Reply reply = Reply::failed;
    /// In words, when nothing was got. Of `unreachable`: what the server does ("does not answer").
    std::string why = {};
  };
  struct Limits {
    uint64_t largest = uint64_t{8} << 30;  ///< bytes; a longer file is refused
    long stall_seconds = 30;  ///< give up when it goes slower than `slow_bytes` in so many seconds
    uint64_t slow_bytes = 30 << 10;
    std::string largest_advice = {};  ///< what allows more, for the message
  };
  /// Writes the file to `descriptor`, which is open for writing and empty. Blocks.
  Outcome get(const std::string& url, int descriptor, const Limits& limits) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A last component of a URL as it is to be sent: all but letters, digits and "-._~" as %XX.
std::string url_escaped(std::string_view text);

}  // namespace inquest::locate
