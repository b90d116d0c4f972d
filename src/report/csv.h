/// Lists for spreadsheets: RFC 4180 (quoted where needed), a header line, lines end with "\n".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace inquest::report {

/// One line, with its newline.
std::string csv_line(const std::vector<std::string>& cells);

}  // namespace inquest::report
