/// The style and the script of the HTML report. No data is ever put into either.
#pragma once

#include <string_view>

namespace inquest::report {

/// Contents of <style> and <script>.
extern const std::string_view kPageStyle;
extern const std::string_view kPageScript;

/// The page's Content-Security-Policy: nothing is loaded from anywhere, and nothing but this very
/// style and script runs, told by their SHA-256. Changing them needs new sums: the test says which.
extern const std::string_view kPagePolicy;

}  // namespace inquest::report
