/// Where the template arguments of a name are.
#include "objects/containers/spelling.h"

namespace inquest::objects {

namespace {

/// What closes a bracket; 0 for what is none.
char closing(char c) {
  switch (c) {
    case '<':
      return '>';
    case '(':
      return ')';
    case '[':
      return ']';
    case '{':
      return '}';
    default:
      return 0;
  }
}

/// Behind "operator" a "<" or ">" opens nothing: how many characters the operator's name has.
size_t operator_length(std::string_view text, size_t at) {
  constexpr std::string_view kWord = "operator";
  if (text.compare(at, kWord.size(), kWord) != 0) return 0;
  size_t end = at + kWord.size();
  while (end < text.size() && std::string_view("<>=-").find(text[end]) != std::string_view::npos)
    ++end;
  return end - at;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

TemplateName split_template(std::string_view qualified_name) {
  std::string_view text = trimmed(qualified_name);
  TemplateName plain{.name = text};
  if (!text.ends_with('>')) return plain;
  // The brackets that are open; commas count in the outermost "<" only.
  std::string open;
  TemplateName last;  // of the last group that closed outermost
  size_t begin = 0, argument = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (size_t length = c == 'o' ? operator_length(text, i) : 0) {
      i += length - 1;
    } else if (c == '\'' && i + 2 < text.size()) {
      size_t end = text.find('\'', i + 2);
      if (end != text.npos && end - i <= 12) i = end;  // '<', '\x1f'; else a digit separator
    } else if (c == '-' && i + 1 < text.size() && text[i + 1] == '>') {
      ++i;
    } else if (char close = closing(c)) {
      if (open.empty() && c == '<') {
        last = {.name = text.substr(0, i)};
        begin = argument = i + 1;
      }
      open.push_back(close);
    } else if (!open.empty() && c == open.back()) {
      open.pop_back();
      if (open.empty() && c == '>') {
        if (!last.arguments.empty() || !trimmed(text.substr(begin, i - begin)).empty())
          last.arguments.push_back(trimmed(text.substr(argument, i - argument)));
        if (i + 1 == text.size()) return last;
      }
    } else if (c == ',' && open == ">") {
      last.arguments.push_back(trimmed(text.substr(argument, i - argument)));
      argument = i + 1;
    }
  }
  return plain;  // the brackets do not match
}

}  // namespace inquest::objects
