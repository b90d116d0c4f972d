#include "objects/elements.h"

#include <map>

#include "objects/containers/evaluate.h"
#include "objects/containers/walk.h"

namespace inquest::objects {

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
                       : ContainerWalk(space, layouts, fit, object, limits).elements();
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
    if (inner.kind != Evaluated::Kind::object) return {};
    auto found = elements({{inner.value}, inner.type}, limits, depth + 1);
    if (!found) return {};
    if (!fit.description->plain_name.empty()) found->name = fit.fill(fit.description->plain_name);
    for (Element& element : found->elements) {
      Scope of_element{.self = element.object, .fit = &fit};
      auto part = [&](const Expression& expression) -> std::optional<TypedObject> {
        Evaluated value = evaluator.run(expression, of_element);
        if (value.kind != Evaluated::Kind::object) return {};
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
