/// Writes the little JSON that capture needs. Values; safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace inquest::capture {

/// A quoted string. Bytes that are not UTF-8 become U+FFFD: names and arguments are any bytes.
std::string json_string(std::string_view text);
std::string json_array(const std::vector<std::string>& strings);

}  // namespace inquest::capture
