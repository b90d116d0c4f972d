/// Many warnings of one sort become one: "no symbols for a.so, b.so and 40 more".
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace inquest::report {

struct WarningGroup {
  std::string what;
  std::string advice;
  size_t count = 1;
};

/// Warnings with the same advice whose texts begin alike are joined, in order of the first.
std::vector<WarningGroup> group_warnings(const std::vector<Warning>& warnings);

}  // namespace inquest::report
