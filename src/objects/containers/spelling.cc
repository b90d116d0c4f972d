#include "objects/containers/spelling.h"

#include <algorithm>
#include <array>

#include "base/limits.h"

namespace inquest::objects {
namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$';
}

bool drop_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text = trimmed(text.substr(prefix.size()));
  return true;
}
/// Of a whole word.
bool drop_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix) || text.size() == suffix.size()) return false;
  if (is_word(text[text.size() - suffix.size() - 1])) return false;
  text = trimmed(text.substr(0, text.size() - suffix.size()));
  return true;
}

/// Names of one basic type; the last of a row is the one that is used.
struct BasicNames {
  std::array<std::string_view, 4> others;
  std::string_view name;
};
constexpr BasicNames kBasicNames[] = {
    {{"long unsigned int", "unsigned long int"}, "unsigned long"},
    {{"long int", "signed long"}, "long"},
    {{"long long unsigned int", "unsigned long long int", "unsigned __int64"},
     "unsigned long long"},
    {{"long long int", "__int64", "signed long long"}, "long long"},
    {{"short unsigned int", "unsigned short int"}, "unsigned short"},
    {{"short int", "signed short"}, "short"},
    {{"unsigned"}, "unsigned int"},
    {{"signed int", "signed"}, "int"},
};

std::string_view basic_name(std::string_view text) {
  if (text.empty()) return text;
  for (const BasicNames& names : kBasicNames) {
    if (std::ranges::find(names.others, text) != names.others.end()) return names.name;
  }
  return text;
}

bool is_basic(std::string_view text) {
  constexpr std::string_view kNames[] = {
      "int",      "char",     "bool",     "float",         "double",        "wchar_t",
      "char8_t",  "char16_t", "char32_t", "unsigned char", "long",          "short",
      "unsigned", "void",     "__int128", "signed char",   "unsigned long", "unsigned int",
  };
  if (std::ranges::find(kNames, text) != std::end(kNames)) return true;
  return std::ranges::any_of(kBasicNames,
                             [&](const BasicNames& names) { return names.name == text; });
}

/// "3ul" -> "3".
std::string_view without_number_suffix(std::string_view text) {
  if (text.empty()) return text;
  size_t digits = text.front() == '-' ? 1 : 0;
  if (digits == text.size() || text[digits] < '0' || text[digits] > '9') return text;
  size_t end = text.find_last_of("0123456789");
  bool is_suffix = text.find_first_not_of("uUlL", end + 1) == text.npos;
  return is_suffix ? text.substr(0, end + 1) : text;
}

class Speller {
 public:
  explicit Speller(const Spelling& spelling) : spelling_(spelling) {}

  std::string type(std::string_view text, size_t depth = 0) const {
    text = trimmed(text);
    if (depth > kLimits.type_depth) return std::string(text);
    // From the right: "*", "&" and the qualifiers of pointers; then those of what they point to.
    std::string behind;
    bool is_const = false, is_volatile = false;
    for (;;) {
      if (text.ends_with('*') || text.ends_with('&')) {
        flush(behind, is_const, is_volatile);
        behind.insert(behind.begin(), text.back());
        text = trimmed(text.substr(0, text.size() - 1));
      } else if (drop_suffix(text, "const")) {
        is_const = true;
      } else if (drop_suffix(text, "volatile")) {
        is_volatile = true;
      } else if (!drop_suffix(text, "__ptr64")) {
        break;
      }
    }
    for (bool again = true; again;) {
      again = false;
      for (std::string_view word : {"class ", "struct ", "union ", "enum "})
        again |= drop_prefix(text, word);
      if (drop_prefix(text, "const ")) again = is_const = true;
      if (drop_prefix(text, "volatile ")) again = is_volatile = true;
    }
    return qualified(base(text, depth), is_const, is_volatile) + behind;
  }

 private:
  static void flush(std::string& behind, bool& is_const, bool& is_volatile) {
    if (is_volatile) behind.insert(0, " volatile");
    if (is_const) behind.insert(0, " const");
    is_const = is_volatile = false;
  }

  std::string qualified(std::string text, bool is_const, bool is_volatile) const {
    const auto place = spelling_.const_place;
    bool behind = place == Spelling::Const::last ||
                  (place == Spelling::Const::last_of_basic && is_basic(text));
    if (is_volatile) text = behind ? text + " volatile" : "volatile " + text;
    if (is_const) text = behind ? text + " const" : "const " + text;
    return text;
  }

  /// A name with its arguments, in every part of its scope.
  std::string base(std::string_view text, size_t depth) const {
    TemplateName split = split_template(text);
    if (split.name.size() == text.size()) {
      // Arguments further to the left: "A<int>::B".
      size_t colons = text.rfind(">::");
      if (colons != text.npos && depth < kLimits.type_depth)
        return base(text.substr(0, colons + 1), depth + 1) + std::string(text.substr(colons + 1));
      return std::string(basic_name(without_number_suffix(text)));
    }
    std::string out = split.name.find('<') == split.name.npos ? std::string(split.name)
                                                              : base(split.name, depth + 1);
    out += '<';
    for (size_t i = 0; i < split.arguments.size(); ++i) {
      if (i > 0) out += spelling_.space_after_comma ? ", " : ",";
      out += type(split.arguments[i], depth + 1);
    }
    if (out.ends_with('>') && spelling_.space_between_closing) out += ' ';
    return out + '>';
  }

  const Spelling& spelling_;
};

}  // namespace

std::string spell(std::string_view type, const Spelling& spelling) {
  return Speller(spelling).type(type);
}

std::vector<std::string> spellings(std::string_view type) {
  std::vector<std::string> all{std::string(type)};
  using enum Spelling::Const;
  for (auto place : {first, last_of_basic, last}) {
    for (bool commas : {true, false}) {
      for (bool closing : {true, false}) {
        std::string text = spell(type, {commas, closing, place});
        if (std::ranges::find(all, text) == all.end()) all.push_back(std::move(text));
      }
    }
  }
  return all;
}

symbols::TypeId find_type(const symbols::TypeReader& reader, std::string_view type_name) {
  for (const std::string& name : spellings(type_name)) {
    if (symbols::TypeId id = reader.find(name)) return id;
  }
  return {};
}

}  // namespace inquest::objects
