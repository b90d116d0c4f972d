#include "cause/evidence.h"

#include <algorithm>

namespace inquest::cause {

std::string shortened(std::string_view text, size_t limit) {
  if (text.size() <= limit) return std::string(text);
  size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

std::string thread_name(const snapshot::Thread& thread) {
  if (thread.name.empty()) return fmt::format("{}", thread.id);
  return fmt::format("`{}` ({})", thread.name, thread.id);
}

std::string bytes_text(Bytes bytes) {
  bool printable = std::all_of(bytes.begin(), bytes.end(), [](std::byte b) {
    auto c = static_cast<unsigned char>(b);
    return c >= 0x20 && c < 0x7f;
  });
  if (printable && !bytes.empty()) {
    return fmt::format("\"{}\"",
                       std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  std::string hex;
  for (std::byte b : bytes.first(std::min<size_t>(bytes.size(), 16))) {
    hex += fmt::format("{}{:02x}", hex.empty() ? "" : " ", static_cast<unsigned>(b));
  }
  return hex;
}

}  // namespace inquest::cause
