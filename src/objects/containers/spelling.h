/// The names of C++ types as compilers write them, and how to see that two of them are one.
///
/// gcc, clang, MSVC and the demangler spell one type in different ways: "> >" and ">>", "const int"
/// and "int const", "long unsigned int" and "unsigned long", "class " in front, commas without a
/// space. Pure functions; linear in the text; bounded in depth (kLimits.type_depth).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "objects/containers.h"

namespace inquest::objects {

std::string_view trimmed(std::string_view text);

/// How a compiler writes what may be written in several ways.
struct Spelling {
  bool space_after_comma = true;
  bool space_between_closing = true;  ///< "> >"
  enum class Const : uint8_t { first, last, last_of_basic } const_place = Const::first;
};
/// The same type in that spelling. What is not understood stays as it is.
std::string spell(std::string_view type, const Spelling& spelling);

/// Equal for two spellings of one type.
inline std::string same_spelling(std::string_view type) { return spell(type, {}); }

/// The spellings to look a type up by, the text itself first; without repetition.
std::vector<std::string> spellings(std::string_view type);

}  // namespace inquest::objects
