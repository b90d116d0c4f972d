#include "cause/fault/brief_name.h"

#include <algorithm>

namespace inquest::cause {
namespace {

constexpr size_t kLongArguments = 24;
constexpr size_t kLongParameters = 48;

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

bool is_operator_before(std::string_view text, size_t at) {
  size_t end = at;
  while (end > 0 && (text[end - 1] == '<' || text[end - 1] == '-' || text[end - 1] == '=')) --end;
  return text.substr(0, end).ends_with("operator");
}

/// Puts "..." between outermost `open` and `close` where there is more than `limit` between them.
/// Each character is looked at once.
std::string shorten(std::string_view text, char open, char close, size_t limit) {
  std::string out;
  size_t depth = 0, start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    bool angle = open == '<';
    if (text[i] == open && !(angle && is_operator_before(text, i))) {
      if (depth++ == 0) start = i;
    } else if (text[i] == close && depth > 0 && !(angle && i > 0 && text[i - 1] == '-')) {
      if (--depth > 0) continue;
      auto inside = text.substr(start + 1, i - start - 1);
      out += open;
      out += inside.size() > limit ? "..." : inside;
      out += close;
      continue;
    }
    if (depth == 0) out += text[i];
  }
  if (depth > 0) out += text.substr(start);
  return out;
}

}  // namespace

std::string brief_name(std::string_view name) {
  std::string text(name.substr(0, 1 << 14));
  replace_all(text,
              "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >",
              "std::string");
  replace_all(text, "std::basic_string_view<char, std::char_traits<char> >", "std::string_view");
  replace_all(text, "(anonymous namespace)::", "");
  text = shorten(text, '<', '>', kLongArguments);
  return shorten(text, '(', ')', kLongParameters);
}

bool is_library_function(std::string_view name) {
  // A template's return type comes first; the name is what follows the last space before '('.
  std::string text = shorten(name.substr(0, 1 << 14), '<', '>', 0);
  text = shorten(text, '(', ')', 0);
  size_t end = text.find('(');
  std::string_view head = std::string_view(text).substr(0, end);
  size_t space = head.rfind(' ');
  if (space != std::string_view::npos && head.find("operator") == std::string_view::npos) {
    head = head.substr(space + 1);
  }
  return head.starts_with("std::") || head.starts_with("__gnu_cxx::") || head.starts_with("_");
}

}  // namespace inquest::cause
