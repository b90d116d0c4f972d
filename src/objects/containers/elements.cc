#include "objects/elements.h"

#include <algorithm>
#include <unordered_set>

#include "objects/containers/evaluate.h"
#include "objects/containers/spelling.h"

namespace inquest::objects {
namespace {

using Kind = Evaluated::Kind;

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

/// Reads one container by one description.
class Walk {
 public:
  Walk(const ObjectSpace& space, Layouts& layouts, const FittingDescription& fit,
       const TypedObject& object, const ElementLimits& limits)
      : space_(space),
        layouts_(layouts),
        evaluator_(space, layouts),
        fit_(fit),
        described_(*fit.description),
        scope_{.self = object, .fit = &fit, .has_lets = true},
        limits_(limits) {}

  /// Absent when the description is of another library or version: a member is not there.
  std::optional<Elements> elements() {
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

 private:
  void damage(std::string what) {
    if (out_.damage.empty()) out_.damage = std::move(what);
  }

  /// False when there is no such member. A count that no memory can hold is damage.
  bool read_count() {
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
  uint64_t wanted() const {
    return std::min<uint64_t>(out_.count.value_or(UINT64_MAX), limits_.elements);
  }

  void add(const Evaluated& item) {
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

  bool value() {
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

  bool code_fits(const HeldValue& held, FittingDescription& fit) {
    auto at = evaluator_.number(held.code, scope_);
    if (!at || *at == 0 || !space_.code_name) return false;
    std::string name = space_.code_name({static_cast<uint64_t>(*at)});
    return !name.empty() && fits(fit.fill(held.pattern), without_parameters(name), fit.bindings);
  }

  bool text() {
    out_.holds = Holds::text;
    Evaluated begin = evaluator_.load(evaluator_.run(described_.begin, scope_));
    if (begin.kind != Kind::pointer || !read_count()) return false;
    out_.text_at = {begin.value};
    out_.text_type = begin.type;
    out_.found = *out_.count;
    return true;
  }

  bool array() {
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

  bool each() {
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

  bool bits() {
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

  bool is_held(Address at, uint64_t size) const {
    return space_.memory.has(at) && (size < 2 || space_.memory.has(at + (size - 1)));
  }
  bool not_held(Address at, uint64_t index) {
    damage(fmt::format("element {} of {}, at {}, is not in the dump", index, *out_.count, at));
    return true;
  }

  /// The node that a pointer leads to, typed; none at the end.
  Evaluated node(Evaluated pointer, std::optional<uint64_t> end) {
    pointer = evaluator_.load(pointer);
    if (pointer.kind != Kind::pointer || pointer.value == 0 || pointer.value == end) return {};
    return pointer;
  }
  Scope in_node(const Evaluated& node) const {
    return {.self = {{node.value}, node.type}, .fit = &fit_};
  }
  /// Adds the item of a node; false when the node cannot be read.
  bool add_item(const Evaluated& node) {
    if (!is_held({node.value}, layouts_.size(node.type))) {
      not_in_dump(node);
      return false;
    }
    Evaluated item = node;
    item.kind = Kind::object;
    if (!described_.item.empty()) item = evaluator_.run(described_.item, in_node(node));
    if (item.kind != Kind::object) {
      no_item();
      return false;
    }
    add(item);
    return true;
  }
  void not_in_dump(const Evaluated& node) {
    damage(fmt::format("after {} elements a link leads to {}, which is not in the dump", out_.found,
                       Address{node.value}));
  }
  void no_item() {
    damage(evaluator_.missing_type().empty()
               ? std::string("its nodes do not look as described")
               : fmt::format("debug information has no type \"{}\"", evaluator_.missing_type()));
  }

  std::optional<uint64_t> end() {
    if (described_.end.empty()) return {};
    auto number = evaluator_.number(described_.end, scope_);
    return number ? std::optional(static_cast<uint64_t>(*number)) : std::nullopt;
  }

  /// The first node's pointer; absent when the member is not there. A type that debug information
  /// lacks is damage, not another layout.
  std::optional<Evaluated> first_node() {
    Evaluated begin = evaluator_.load(evaluator_.run(described_.begin, scope_));
    if (begin.kind == Kind::pointer) return begin;
    if (evaluator_.missing_type().empty()) return {};
    no_item();
    return Evaluated{};
  }

  bool list() {
    if (!described_.count.empty() && !read_count()) out_.count.reset();  // old ones keep no count
    auto first = first_node();
    if (!first) return false;
    const auto end = this->end();
    Evaluated at = node(*first, end);
    const uint32_t pointers = at.type.pointers;
    const ObjectType type{at.type.id, pointers};
    // Brent: a chain that bites its tail passes the kept node again.
    uint64_t kept = 0, power = 1, steps = 0;
    size_t visited = 0;
    for (; at; ++visited) {
      at.type = type;
      if (described_.is_ring && out_.count && out_.found >= *out_.count) break;
      if (at.value == kept) {
        damage(fmt::format("after {} elements the links go round in a circle", out_.found));
        break;
      }
      if (visited >= limits_.visited) {
        out_.cut = true;
        return true;
      }
      if (steps++ == power) {
        kept = at.value;
        power *= 2;
        steps = 0;
      }
      if (!add_item(at)) break;
      at = node(evaluator_.run(described_.next, in_node(at)), end);
    }
    compare_count();
    return true;
  }

  bool tree() {
    if (!read_count()) return false;
    auto first = first_node();
    if (!first) return false;
    const auto end = this->end();
    const ObjectType type = first->type;
    std::unordered_set<uint64_t> seen;
    std::vector<Evaluated> path;  // nodes whose left side was gone down
    Evaluated at = node(*first, end);
    bool is_described = true;
    while (is_described && (at || !path.empty())) {
      if (at) {
        at.type = type;
        if (!described_.nil.empty() && evaluator_.holds(described_.nil, in_node(at))) {
          at = {};
          continue;
        }
        if (!is_held({at.value}, layouts_.size(type))) {
          not_in_dump(at);  // what hangs on other nodes is sound all the same
          at = {};
          continue;
        }
        if (!seen.insert(at.value).second) {
          damage(fmt::format("two links lead to the node at {}", Address{at.value}));
          break;
        }
        if (seen.size() > limits_.visited) {
          out_.cut = true;
          return true;
        }
        path.push_back(at);
        at = node(evaluator_.run(described_.left, in_node(at)), end);
      } else {
        Evaluated here = path.back();
        path.pop_back();
        is_described = add_item(here);
        if (is_described) at = node(evaluator_.run(described_.right, in_node(here)), end);
      }
    }
    compare_count();
    return true;
  }

  void compare_count() {
    if (!out_.count || *out_.count == out_.found) return;
    std::string both = fmt::format("its count is {}, and {} were found", *out_.count, out_.found);
    out_.damage = out_.damage.empty() ? both : both + ": " + out_.damage;
  }

  void show() {
    for (const NamedExpression& one : described_.shown) {
      Evaluated value = evaluator_.load(evaluator_.run(one.expression, scope_));
      if (value.kind != Kind::number && value.kind != Kind::pointer) continue;
      out_.shown.push_back(
          {one.name, static_cast<int64_t>(value.value), value.kind == Kind::pointer});
    }
  }

  const ObjectSpace& space_;
  Layouts& layouts_;
  Evaluator evaluator_;
  const FittingDescription& fit_;
  const ClassDescription& described_;
  Scope scope_;
  const ElementLimits& limits_;
  Elements out_;
};

}  // namespace

struct ElementReader::Impl {
  explicit Impl(const ObjectSpace& space) : space(space), layouts(this->space) {}
  const ObjectSpace space;
  Layouts layouts;
  std::map<uint64_t, std::vector<FittingDescription>> fitting;  // by resolved type

  const std::vector<FittingDescription>& descriptions(symbols::TypeId id) {
    auto [at, is_new] = fitting.try_emplace(layouts.resolve(id).value);
    if (is_new) at->second = space.containers.impl().fitting(layouts.type(id).name);
    return at->second;
  }

  std::optional<Elements> elements(const TypedObject& object, const ElementLimits& limits,
                                   size_t depth) {
    constexpr size_t kMostSame = 8;
    if (object.type.pointers > 0 || !object.type.id || depth > kMostSame) return {};
    for (const FittingDescription& fit : descriptions(object.type.id)) {
      auto found = fit.description->shape == Shape::same
                       ? same(fit, object, limits, depth)
                       : Walk(space, layouts, fit, object, limits).elements();
      if (found) return found;
    }
    return {};
  }

  /// The elements of a member, with this container's name, keys and values.
  std::optional<Elements> same(const FittingDescription& fit, const TypedObject& object,
                               const ElementLimits& limits, size_t depth) {
    Evaluator evaluator(space, layouts);
    Scope scope{.self = object, .fit = &fit, .has_lets = true};
    Evaluated inner = evaluator.run(fit.description->begin, scope);
    if (inner.kind != Kind::object) return {};
    auto found = elements({{inner.value}, inner.type}, limits, depth + 1);
    if (!found) return {};
    if (!fit.description->plain_name.empty()) found->name = fit.fill(fit.description->plain_name);
    for (Element& element : found->elements) {
      Scope of_element{.self = element.object, .fit = &fit};
      auto part = [&](const Expression& expression) -> std::optional<TypedObject> {
        Evaluated value = evaluator.run(expression, of_element);
        if (value.kind != Kind::object) return {};
        return TypedObject{{value.value}, value.type};
      };
      if (!fit.description->key.empty()) element.key = part(fit.description->key);
      if (!fit.description->mapped.empty()) element.mapped = part(fit.description->mapped);
    }
    return found;
  }
};

ElementReader::ElementReader(const ObjectSpace& space) : impl_(std::make_unique<Impl>(space)) {}
ElementReader::~ElementReader() = default;
ElementReader::ElementReader(ElementReader&&) noexcept = default;

const ObjectSpace& ElementReader::space() const { return impl_->space; }
const symbols::Type& ElementReader::type(symbols::TypeId id) { return impl_->layouts.type(id); }
const std::vector<symbols::Member>& ElementReader::members(symbols::TypeId id) {
  return impl_->layouts.members(id);
}
uint64_t ElementReader::size(const ObjectType& type) { return impl_->layouts.size(type); }
std::optional<ObjectType> ElementReader::find(std::string_view name) {
  return impl_->layouts.find(name);
}

std::optional<Elements> ElementReader::elements(const TypedObject& object,
                                                const ElementLimits& limits) {
  auto found = impl_->elements(object, limits, 0);
  if (!found) return {};
  const Descriptions& all = impl_->space.containers;
  const std::string& name = impl_->layouts.type(object.type.id).name;
  found->name = found->name.empty() ? all.plain_type(name) : all.plain_type(found->name);
  return found;
}

}  // namespace inquest::objects
