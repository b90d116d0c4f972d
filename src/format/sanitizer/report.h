/// The report with which AddressSanitizer ends a process.
///
/// Source of the texts: clang's AddressSanitizer documentation, and what the runtimes of gcc 4.8 to
/// 14 and clang 3.1 to 19 print. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inquest::sanitizer {

/// Longer ones are cut.
inline constexpr size_t kMostText = 64 << 10;

struct Report {
  std::string tool = {};    ///< "AddressSanitizer", "HWAddressSanitizer"
  std::string error = {};   ///< "heap-use-after-free"
  std::string line = {};    ///< the whole line behind the tool's name
  std::string access = {};  ///< "READ of size 4 at 0x6030..58 thread T0"; may be empty
  std::string place = {};   ///< "0x6030..58 is located 24 bytes inside of 28-byte region ..."
  /// A stack under a heading: of the access (no heading), "freed by thread T0 here", "previously
  /// allocated by thread T0 here". Frames as printed, without their number and address.
  struct Stack {
    std::string heading = {};
    std::vector<std::string> frames = {};  ///< innermost first, without the sanitizer's own
  };
  std::vector<Stack> stacks = {};
};
/// Of the text from its first line on. Absent when it is no such report.
std::optional<Report> parse_report(std::string_view text);

}  // namespace inquest::sanitizer
