// What a sanitizer printed. Stays within its bounds, whatever stands there.
#include <cstdlib>

#include "format/sanitizer/report.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace inquest;
  auto report = sanitizer::parse_report({reinterpret_cast<const char*>(data), size});
  if (!report) return 0;
  if (report->error.empty() || report->stacks.empty() || report->stacks.size() > 16) std::abort();
  size_t kept = report->line.size() + report->access.size() + report->place.size();
  for (const auto& stack : report->stacks) {
    for (const auto& frame : stack.frames) kept += frame.size();
  }
  if (kept > 3 * sanitizer::kMostText) std::abort();
  return 0;
}
