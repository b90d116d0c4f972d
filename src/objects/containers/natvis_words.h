/// Natvis's type patterns and expressions in the words of our own text. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace inquest::objects {

/// "std::vector<*>" -> "std::vector<$T1>", "std::vector<$T1, $T2>", ...: its wildcards are $T1 to
/// $Tn, and the last of them stands for all further arguments too. Empty when it is no class.
std::vector<std::string> natvis_patterns(std::string_view type_name);

/// Without format specifiers (",na"), nullptr as 0, a cast in front as `as`.
std::string natvis_expression(std::string_view text);

/// "{_ptr,[_size]s}": a text and its length; both empty when it is anything else.
struct NatvisText {
  std::string pointer = {}, count = {};
};
NatvisText natvis_text(std::string_view display_string);

/// "[capacity]" -> "capacity": a word; empty when it cannot be one.
std::string natvis_item_name(std::string_view name);

}  // namespace inquest::objects
