/// Names of functions and types, cut to what people read. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace inquest::cause {

/// "std::_Rb_tree<...>::find(int const&)": long template arguments and parameters become "...",
/// std::string is called so.
std::string brief_name(std::string_view name);

/// Whether a function belongs to the C++ library or is reserved for it: namespaces std, __gnu_cxx.
bool is_library_function(std::string_view name);

}  // namespace inquest::cause
