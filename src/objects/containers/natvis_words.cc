#include "objects/containers/natvis_words.h"

#include <cctype>

#include "objects/containers/spelling.h"

namespace inquest::objects {
namespace {

constexpr size_t kMostWildcards = 16;
constexpr size_t kMostFurther = 6;  // arguments that a last wildcard stands for
constexpr size_t kLongestNatvisName = 1024;

bool is_word_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// The comma that begins the format specifiers: the last one outside of all brackets.
size_t specifier_comma(std::string_view text) {
  size_t found = text.npos;
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '(' || c == '[' || c == '{') ++depth;
    if (c == ')' || c == ']' || c == '}') --depth;
    if (c == ',' && depth == 0 && found == text.npos) found = i;
  }
  return found;
}

std::string one_line(std::string_view text) {
  std::string out;
  for (char c : text) {
    const bool blank = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (!blank) out += c;
    if (blank && !out.empty() && out.back() != ' ') out += ' ';
  }
  return std::string(trimmed(out));
}

void replace_word(std::string& text, std::string_view word, std::string_view with) {
  for (size_t at = 0; (at = text.find(word, at)) != text.npos;) {
    const size_t end = at + word.size();
    const bool whole = (at == 0 || !is_word_char(text[at - 1])) &&
                       (end == text.size() || !is_word_char(text[end]));
    if (whole) text.replace(at, word.size(), with);
    at += whole ? with.size() : word.size();
  }
}

/// "(node *)_Head" -> "_Head as node *", where the cast is of all that follows.
std::string without_cast(std::string text) {
  const size_t close = text.find(')');
  if (!text.starts_with('(') || close == text.npos || close + 1 >= text.size()) return text;
  const std::string_view type = trimmed(std::string_view(text).substr(1, close - 1));
  const std::string_view operand = trimmed(std::string_view(text).substr(close + 1));
  if (!type.ends_with('*') || operand.empty()) return text;
  for (char c : operand) {
    if (!is_word_char(c) && c != '.' && c != '-' && c != '>') return text;
  }
  return std::string(operand) + " as " + std::string(type);
}

}  // namespace

std::vector<std::string> natvis_patterns(std::string_view type_name) {
  const std::string name = one_line(type_name);
  if (name.empty() || name.size() > kLongestNatvisName || name.find('$') != name.npos) return {};
  std::string pattern;
  size_t wildcards = 0, last_end = 0;
  for (char c : name) {
    if (c != '*' || pattern.find('<') == pattern.npos) {
      // A pointer's star is none of these: natvis is for classes.
      if (c == '*') return {};
      pattern += c;
      continue;
    }
    if (++wildcards > kMostWildcards) return {};
    pattern += "$T" + std::to_string(wildcards);
    last_end = pattern.size();
  }
  std::vector<std::string> out{pattern};
  // Only where nothing but the closing bracket follows.
  if (wildcards == 0 || trimmed(std::string_view(pattern).substr(last_end)) != ">") return out;
  std::string more = pattern.substr(0, last_end);
  for (size_t i = 1; i <= kMostFurther; ++i) {
    more += ", $T" + std::to_string(wildcards + i);
    out.push_back(more + ">");
  }
  return out;
}

std::string natvis_expression(std::string_view text) {
  std::string out = one_line(text.substr(0, specifier_comma(text)));
  replace_word(out, "nullptr", "0");
  replace_word(out, "true", "1");
  replace_word(out, "false", "0");
  return without_cast(std::move(out));
}

NatvisText natvis_text(std::string_view display_string) {
  const std::string text = one_line(display_string);
  if (!text.starts_with('{') || !text.ends_with('}')) return {};
  const std::string_view inner = std::string_view(text).substr(1, text.size() - 2);
  const size_t comma = specifier_comma(inner);
  if (comma == inner.npos || inner.find_first_of("{}") != inner.npos) return {};
  const std::string_view format = trimmed(inner.substr(comma + 1));
  const size_t close = format.rfind(']');
  if (!format.starts_with('[') || close == format.npos) return {};
  const std::string_view kind = trimmed(format.substr(close + 1));
  if (!kind.starts_with('s') && kind != "na") return {};
  return {natvis_expression(inner.substr(0, comma)),
          natvis_expression(format.substr(1, close - 1))};
}

std::string natvis_item_name(std::string_view name) {
  name = trimmed(name);
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  std::string out;
  for (char c : trimmed(name)) {
    if (!is_word_char(c) && c != ' ') return {};
    out += c == ' ' ? '_' : c;
  }
  return out;
}

}  // namespace inquest::objects
