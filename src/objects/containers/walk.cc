#include "objects/containers/walk.h"

#include <algorithm>

#include "objects/containers/spelling.h"

namespace inquest::objects {

namespace {

/// "A<int>::run" of "A<int>::run[abi:v2](std::any::_Op) const".
std::string_view without_parameters(std::string_view function) {
  size_t end = function.rfind(')');
  if (end == function.npos) return function;
  int open = 0;
  for (size_t i = end + 1; i-- > 0;) {
    if (function[i] == ')') ++open;
    if (function[i] != '(' || --open != 0) continue;
    std::string_view name = trimmed(function.substr(0, i));
    while (name.ends_with(']') && name.rfind("[abi:") != name.npos)
      name = name.substr(0, name.rfind("[abi:"));
    return name;
  }
  return function;
}

}  // namespace

std::optional<Elements> ContainerWalk::elements() {
  if (!described_.plain_name.empty()) out_.name = fit_.fill(described_.plain_name);
  bool fits = false;
  switch (described_.shape) {
    case Shape::none:
    case Shape::same:
      return {};
    case Shape::value:
      fits = value();
      break;
    case Shape::text:
      fits = text();
      break;
    case Shape::array:
      fits = array();
      break;
    case Shape::each:
      fits = each();
      break;
    case Shape::bits:
      fits = bits();
      break;
    case Shape::list:
      fits = list();
      break;
    case Shape::tree:
      fits = tree();
      break;
  }
  if (!fits) return {};
  show();
  return std::move(out_);
}

bool ContainerWalk::read_count() {
  if (described_.count.empty()) return true;
  auto count = evaluator_.number(described_.count, scope_);
  if (!count) return false;
  if (*count < 0) {
    damage(fmt::format("its count is negative ({})", *count));
    count = 0;
  }
  out_.count = static_cast<uint64_t>(*count);
  return true;
}

void ContainerWalk::add(const Evaluated& item) {
  ++out_.found;
  if (out_.elements.size() >= limits_.elements) {
    out_.cut = true;
    return;
  }
  Element element{.object = {{item.value}, item.type}};
  Scope scope{.self = element.object, .fit = &fit_};
  auto part = [&](const Expression& expression) -> std::optional<TypedObject> {
    Evaluated found = evaluator_.run(expression, scope);
    if (found.kind != Kind::object) return {};
    return TypedObject{{found.value}, found.type};
  };
  element.key = part(described_.key);
  element.mapped = part(described_.mapped);
  out_.elements.push_back(std::move(element));
}

bool ContainerWalk::value() {
  out_.holds = Holds::value;
  bool is_readable = false, is_full = false;
  for (const HeldValue& held : described_.values) {
    FittingDescription fit = fit_;
    const bool code_fits = held.code.empty() || this->code_fits(held, fit);
    Scope scope = scope_;
    scope.fit = &fit;
    if (!held.condition.empty()) {
      auto condition = evaluator_.number(held.condition, scope);
      is_readable |= condition.has_value();
      if (!condition || *condition == 0) continue;
      is_full = true;
    }
    if (!code_fits) continue;
    Evaluated found = evaluator_.run(held.value, scope);
    if (found.kind != Kind::object) continue;
    ++out_.found;
    out_.elements.push_back({.object = {{found.value}, found.type}});
    return true;
  }
  // A conditional value that is not there: empty; one that could not be read: another layout.
  if (is_full) damage("the type of what it holds is not known");
  return is_readable;
}

bool ContainerWalk::code_fits(const HeldValue& held, FittingDescription& fit) {
  auto at = evaluator_.number(held.code, scope_);
  if (!at || *at == 0 || !space_.code_name) return false;
  std::string name = space_.code_name({static_cast<uint64_t>(*at)});
  return !name.empty() && fits(fit.fill(held.pattern), without_parameters(name), fit.bindings);
}

bool ContainerWalk::text() {
  out_.holds = Holds::text;
  Evaluated begin = evaluator_.load(evaluator_.run(described_.begin, scope_));
  if (begin.kind != Kind::pointer || !read_count()) return false;
  out_.text_at = {begin.value};
  out_.text_type = begin.type;
  out_.found = *out_.count;
  return true;
}

bool ContainerWalk::array() {
  Evaluated begin = evaluator_.load(evaluator_.run(described_.begin, scope_));
  if (begin.kind != Kind::pointer || !read_count()) return false;
  const uint64_t size = layouts_.size(begin.type);
  if (size == 0) {
    if (*out_.count > 0) damage("the size of its elements is not known");
    return true;
  }
  for (uint64_t i = 0; i < wanted(); ++i) {
    Evaluated item{.kind = Kind::object, .type = begin.type, .value = begin.value + i * size};
    if (!is_held({item.value}, size)) return not_held({item.value}, i);
    add(item);
  }
  out_.cut = wanted() < *out_.count;
  return true;
}

bool ContainerWalk::each() {
  if (!read_count()) return false;
  for (uint64_t i = 0; i < wanted(); ++i) {
    Scope scope = scope_;
    scope.index = static_cast<int64_t>(i);
    Evaluated item = evaluator_.run(described_.item, scope);
    if (item.kind != Kind::object) {
      damage(fmt::format("element {} of {} cannot be found", i, *out_.count));
      return true;
    }
    if (!is_held({item.value}, layouts_.size(item.type))) return not_held({item.value}, i);
    add(item);
  }
  out_.cut = wanted() < *out_.count;
  return true;
}

bool ContainerWalk::bits() {
  Evaluated begin = evaluator_.load(evaluator_.run(described_.begin, scope_));
  if (begin.kind != Kind::pointer || !read_count()) return false;
  // Every machine that we know is little-endian: words need not be told from bytes.
  for (uint64_t i = 0; i < wanted(); ++i) {
    const Address at = Address{begin.value} + i / 8;
    auto byte = space_.memory.read<uint8_t>(at);
    if (!byte) return not_held(at, i);
    ++out_.found;
    out_.elements.push_back({.object = {at, {}}, .bit = (*byte >> i % 8 & 1) != 0});
  }
  out_.cut = wanted() < *out_.count;
  return true;
}

bool ContainerWalk::not_held(Address at, uint64_t index) {
  damage(fmt::format("element {} of {}, at {}, is not in the dump", index, *out_.count, at));
  return true;
}

void ContainerWalk::compare_count() {
  if (!out_.count || *out_.count == out_.found) return;
  std::string both = fmt::format("its count is {}, and {} were found", *out_.count, out_.found);
  out_.damage = out_.damage.empty() ? both : both + ": " + out_.damage;
}

void ContainerWalk::show() {
  for (const NamedExpression& one : described_.shown) {
    Evaluated value = evaluator_.load(evaluator_.run(one.expression, scope_));
    if (value.kind != Kind::number && value.kind != Kind::pointer) continue;
    out_.shown.push_back(
        {one.name, static_cast<int64_t>(value.value), value.kind == Kind::pointer});
  }
}

}  // namespace inquest::objects
