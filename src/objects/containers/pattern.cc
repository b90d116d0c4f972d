#include "objects/containers/pattern.h"

#include <algorithm>

#include "base/limits.h"
#include "objects/containers/spelling.h"

namespace inquest::objects {
namespace {

/// Of the hole that begins with the "$" at `at`, "$" included.
size_t hole_length(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0)) ++end;
  return end - at;
}

bool is_hole(std::string_view text) {
  return text.size() > 1 && text.front() == '$' && hole_length(text, 0) == text.size();
}

/// "int" of "const int" or "int const"; absent when the type itself is not const.
std::optional<std::string_view> without_const(std::string_view type) {
  if (type.ends_with(" const") || type.ends_with("*const"))
    return trimmed(type.substr(0, type.size() - 5));
  if (type.starts_with("const ") && !type.ends_with('*') && !type.ends_with('&'))
    return trimmed(type.substr(6));
  return {};
}

bool fits_at(std::string_view pattern, std::string_view name, Bindings& bindings, size_t depth) {
  if (depth > kLimits.type_depth) return false;
  pattern = trimmed(pattern);
  name = trimmed(name);
  if (is_hole(pattern)) return bindings.bind(pattern, name);
  if (pattern.starts_with("const $")) {
    auto bare = without_const(name);
    return bare && fits_at(pattern.substr(6), *bare, bindings, depth + 1);
  }
  TemplateName wanted = split_template(pattern);
  if (wanted.name.size() == pattern.size()) {
    // "A<$T>::B": the scope may have holes.
    size_t scope = pattern.rfind(">::"), own = name.rfind(">::");
    if (scope == pattern.npos || own == name.npos || pattern.find('$') == pattern.npos)
      return pattern == name || same_spelling(pattern) == same_spelling(name);
    return pattern.substr(scope) == name.substr(own) &&
           fits_at(pattern.substr(0, scope + 1), name.substr(0, own + 1), bindings, depth + 1);
  }
  TemplateName given = split_template(name);
  if (given.name.size() == name.size()) return false;
  if (wanted.name != given.name && !fits_at(wanted.name, given.name, bindings, depth + 1))
    return false;
  size_t fixed = wanted.arguments.size();
  if (fixed > 0 && wanted.arguments.back().ends_with("...")) {
    std::string_view rest = wanted.arguments.back();
    rest.remove_suffix(3);
    --fixed;
    if (given.arguments.size() < fixed) return false;
    bindings.bind_rest(
        rest, {given.arguments.begin() + static_cast<ptrdiff_t>(fixed), given.arguments.end()});
  } else if (given.arguments.size() != fixed) {
    return false;
  }
  for (size_t i = 0; i < fixed; ++i) {
    if (!fits_at(wanted.arguments[i], given.arguments[i], bindings, depth + 1)) return false;
  }
  return true;
}

}  // namespace

bool Bindings::bind(std::string_view name, std::string_view text) {
  if (const std::string* known = find(name))
    return *known == text || same_spelling(*known) == same_spelling(text);
  one_.emplace_back(name, text);
  return true;
}

void Bindings::bind_rest(std::string_view name, std::vector<std::string> rest) {
  rest_.emplace_back(name, std::move(rest));
}

const std::string* Bindings::find(std::string_view name) const {
  auto at = std::ranges::find(one_, name, &std::pair<std::string, std::string>::first);
  return at == one_.end() ? nullptr : &at->second;
}

const std::vector<std::string>* Bindings::find_rest(std::string_view name) const {
  for (const auto& [known, rest] : rest_) {
    if (known == name) return &rest;
  }
  return nullptr;
}

std::string Bindings::fill(std::string_view text) const {
  std::string out;
  constexpr size_t kLongest = 1 << 16;
  for (size_t i = 0; i < text.size() && out.size() < kLongest;) {
    if (text[i] != '$') {
      out += text[i++];
      continue;
    }
    std::string_view hole = text.substr(i, hole_length(text, i));
    i += hole.size();
    if (const std::string* one = find(hole)) {
      out += *one;
    } else if (const auto* rest = find_rest(hole)) {
      if (text.substr(i).starts_with("...")) i += 3;
      for (size_t n = 0; n < rest->size(); ++n) out.append(n > 0 ? ", " : "").append((*rest)[n]);
    } else {
      out += hole;
    }
  }
  return out;
}

bool fits(std::string_view pattern, std::string_view name, Bindings& bindings) {
  return fits_at(pattern, name, bindings, 0);
}

std::vector<std::string_view> holes(std::string_view text) {
  std::vector<std::string_view> all;
  for (size_t at = text.find('$'); at != text.npos; at = text.find('$', at + 1))
    all.push_back(text.substr(at, hole_length(text, at)));
  return all;
}

}  // namespace inquest::objects
