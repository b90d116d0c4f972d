#include "base/quantities.h"

#include <fmt/format.h>
#include <iterator>

namespace inquest {

std::string size_text(uint64_t bytes) {
  constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} byte{}", bytes, bytes == 1 ? "" : "s");
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  // 1023.7 KiB would be printed as 1024.
  while (value >= 1023.5 && unit + 1 < std::size(kUnits)) value /= 1024, ++unit;
  bool is_round = value >= 9.95 || static_cast<uint64_t>(value * 10 + 0.5) % 10 == 0;
  return fmt::format("{:.{}f} {}", value, is_round ? 0 : 1, kUnits[unit]);
}

std::string count_text(uint64_t n) {
  std::string digits = fmt::format("{}", n);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text.push_back(',');
    text.push_back(digits[i]);
  }
  return text;
}

}  // namespace inquest
