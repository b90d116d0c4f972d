#include "objects/containers/evaluate.h"

#include <charconv>

#include "base/limits.h"
#include "objects/containers/spelling.h"

namespace inquest::objects {
namespace {

using Kind = Evaluated::Kind;
using symbols::Encoding;
using symbols::TypeKind;

/// The low `bits` of a number, with its sign where it has one.
uint64_t narrowed(uint64_t value, unsigned bits, bool is_signed) {
  if (bits == 0 || bits >= 64) return value;
  value &= (uint64_t{1} << bits) - 1;
  bool negative = is_signed && (value >> (bits - 1) & 1) != 0;
  return negative ? value | ~((uint64_t{1} << bits) - 1) : value;
}

bool is_truth(const Evaluated& value) {
  return (value.kind == Kind::number || value.kind == Kind::pointer) && value.value != 0;
}

}  // namespace

Evaluated Evaluator::run(const Expression& expression, const Scope& scope) {
  if (expression.empty()) return {};
  return term(expression, expression.root(), scope);
}

std::optional<int64_t> Evaluator::number(const Expression& expression, const Scope& scope) {
  Evaluated value = load(run(expression, scope));
  if (value.kind != Kind::number && value.kind != Kind::pointer) return {};
  return static_cast<int64_t>(value.value);
}

bool Evaluator::holds(const Expression& expression, const Scope& scope) {
  return is_truth(load(run(expression, scope)));
}

Evaluated Evaluator::load(Evaluated value) {
  if (value.kind != Kind::object) return value;
  const Address at{value.value};
  auto pointer = [&](ObjectType to) -> Evaluated {
    auto read = space_.memory.read_pointer(at, space_.pointer_size);
    if (!read) return {};
    return {.kind = Kind::pointer, .type = to, .value = *read};
  };
  if (value.type.pointers > 0) return pointer({value.type.id, value.type.pointers - 1});
  const symbols::Type& type = layouts_.type(value.type.id);
  switch (type.kind) {
    case TypeKind::pointer:
    case TypeKind::reference:
      return pointer({type.target, 0});
    case TypeKind::array:
      return {.kind = Kind::pointer, .type = {type.target, 0}, .value = value.value};
    case TypeKind::base:
    case TypeKind::enum_: {
      if (type.size == 0 || type.size > 8) return {};
      bool is_signed = type.encoding == Encoding::signed_;
      unsigned bits = static_cast<unsigned>(type.size * 8);
      size_t bytes = type.size;
      if (value.bit_size != 0) {
        bits = value.bit_size;
        bytes = (value.bit_offset + value.bit_size + 7) / 8;
        if (bytes > 8) return {};
      }
      std::byte raw[8] = {};
      if (space_.memory.read(at, std::span(raw, bytes)) != bytes) return {};
      uint64_t number = 0;
      for (size_t i = bytes; i-- > 0;) number = number << 8 | static_cast<uint64_t>(raw[i]);
      number >>= value.bit_offset;
      return {.kind = Kind::number, .value = narrowed(number, bits, is_signed)};
    }
    default:
      return value;
  }
}

std::optional<ObjectType> Evaluator::named_type(const std::string& name) {
  auto type = layouts_.find(name);
  if (!type) missing_type_ = name;
  return type;
}

Evaluated Evaluator::member(const Evaluated& object, const std::string& name) {
  if (object.kind != Kind::object || object.type.pointers > 0) return {};
  const MemberPlace* place = layouts_.member(object.type.id, name);
  if (!place) return {};
  return {.kind = Kind::object,
          .type = {place->type, 0},
          .value = object.value + place->offset,
          .bit_size = place->bit_size,
          .bit_offset = place->bit_offset};
}

Evaluated Evaluator::name(const std::string& name, const Scope& scope) {
  if (scope.has_lets && scope.depth < 16) {
    for (const NamedExpression& let : scope.fit->description->lets) {
      if (let.name != name) continue;
      Scope inner = scope;
      ++inner.depth;
      return run(let.expression, inner);
    }
  }
  return member({.kind = Kind::object, .type = scope.self.type, .value = scope.self.at.value},
                name);
}

Evaluated Evaluator::hole(const std::string& text, const Scope& scope) {
  if (text == "$i") return Evaluated::number(scope.index);
  const std::string* filled = scope.fit ? scope.fit->bindings.find(text) : nullptr;
  if (!filled) return {};
  if (*filled == "true" || *filled == "false") return Evaluated::number(*filled == "true");
  int64_t value = 0;
  auto [end, problem] = std::from_chars(filled->data(), filled->data() + filled->size(), value);
  if (problem != std::errc()) return {};
  return Evaluated::number(value);
}

Evaluated Evaluator::cast(Evaluated value, const Term& term, const Expression& expression,
                          const Scope& scope) {
  if (!value || !scope.fit) return {};
  std::string name;
  if (term.b != Term::kNone) {
    Evaluated index = load(this->term(expression, term.b, scope));
    const auto* rest = scope.fit->bindings.find_rest(term.text);
    if (index.kind != Kind::number || !rest || index.value >= rest->size()) return {};
    name = (*rest)[index.value];
  } else {
    name = scope.fit->fill(term.text);
  }
  auto type = named_type(name);
  if (!type) return {};
  if (value.kind == Kind::object) {
    value.type = *type;
    value.bit_size = value.bit_offset = 0;
    return value;
  }
  if (type->pointers == 0) return value;  // a number of another size: as it is
  return {.kind = Kind::pointer, .type = {type->id, type->pointers - 1}, .value = value.value};
}

Evaluated Evaluator::size_of(const Term& term, const Expression& expression, const Scope& scope) {
  uint64_t size = 0;
  if (term.a != Term::kNone) {
    size = layouts_.size(this->term(expression, term.a, scope).type);
  } else if (const MemberPlace* place = layouts_.member(scope.self.type.id, term.text)) {
    size = layouts_.size({place->type, 0});
  } else if (scope.fit) {
    if (auto type = named_type(scope.fit->fill(term.text))) size = layouts_.size(*type);
  }
  return size == 0 ? Evaluated{} : Evaluated::number(static_cast<int64_t>(size));
}

Evaluated Evaluator::arithmetic(Op op, const Evaluated& a, const Evaluated& b) {
  const uint64_t x = a.value, y = b.value;
  const auto sx = static_cast<int64_t>(x), sy = static_cast<int64_t>(y);
  if (a.kind == Kind::pointer && (op == Op::add || op == Op::subtract)) {
    const uint64_t size = layouts_.size(a.type);
    if (b.kind == Kind::pointer) {
      if (op == Op::add || size == 0) return {};
      return Evaluated::number(static_cast<int64_t>(x - y) / static_cast<int64_t>(size));
    }
    Evaluated moved = a;
    moved.value = op == Op::add ? x + y * size : x - y * size;
    return moved;
  }
  const bool is_pointer = a.kind == Kind::pointer || b.kind == Kind::pointer;
  switch (op) {
    case Op::multiply:
      return Evaluated::number(static_cast<int64_t>(x * y));
    case Op::divide:
    case Op::modulo:
      if (y == 0 || (sx == INT64_MIN && sy == -1)) return {};
      return Evaluated::number(op == Op::divide ? sx / sy : sx % sy);
    case Op::add:
      return Evaluated::number(static_cast<int64_t>(x + y));
    case Op::subtract:
      return Evaluated::number(static_cast<int64_t>(x - y));
    case Op::shift_left:
      return y > 63 ? Evaluated{} : Evaluated::number(static_cast<int64_t>(x << y));
    case Op::shift_right:
      return y > 63 ? Evaluated{} : Evaluated::number(static_cast<int64_t>(x >> y));
    case Op::less:
      return Evaluated::number(is_pointer ? x < y : sx < sy);
    case Op::less_equal:
      return Evaluated::number(is_pointer ? x <= y : sx <= sy);
    case Op::greater:
      return Evaluated::number(is_pointer ? x > y : sx > sy);
    case Op::greater_equal:
      return Evaluated::number(is_pointer ? x >= y : sx >= sy);
    case Op::equal:
      return Evaluated::number(x == y);
    case Op::not_equal:
      return Evaluated::number(x != y);
    case Op::bit_and:
      return Evaluated::number(static_cast<int64_t>(x & y));
    case Op::bit_or:
      return Evaluated::number(static_cast<int64_t>(x | y));
    default:
      return {};
  }
}

Evaluated Evaluator::term(const Expression& expression, uint32_t index, const Scope& scope) {
  const Term& one = expression.terms()[index];
  auto operand = [&](uint32_t which) { return term(expression, which, scope); };
  auto loaded = [&](uint32_t which) { return load(operand(which)); };
  switch (one.op) {
    case Op::number:
      return Evaluated::number(one.number);
    case Op::name:
      return name(one.text, scope);
    case Op::hole:
      return hole(one.text, scope);
    case Op::self:
      return {.kind = Kind::object, .type = scope.self.type, .value = scope.self.at.value};
    case Op::member:
      return member(operand(one.a), one.text);
    case Op::arrow: {
      Evaluated pointer = loaded(one.a);
      if (pointer.kind != Kind::pointer) return {};
      pointer.kind = Kind::object;
      return member(pointer, one.text);
    }
    case Op::target: {
      Evaluated pointer = loaded(one.a);
      if (pointer.kind != Kind::pointer) return {};
      pointer.kind = Kind::object;
      return pointer;
    }
    case Op::subscript: {
      Evaluated pointer = loaded(one.a), number = loaded(one.b);
      const uint64_t size = layouts_.size(pointer.type);
      if (pointer.kind != Kind::pointer || number.kind != Kind::number || size == 0) return {};
      return {
          .kind = Kind::object, .type = pointer.type, .value = pointer.value + number.value * size};
    }
    case Op::address: {
      Evaluated object = operand(one.a);
      if (object.kind != Kind::object) return {};
      object.kind = Kind::pointer;
      return object;
    }
    case Op::negative: {
      Evaluated number = loaded(one.a);
      if (number.kind != Kind::number) return {};
      return Evaluated::number(static_cast<int64_t>(-number.value));
    }
    case Op::not_: {
      Evaluated value = loaded(one.a);
      if (value.kind == Kind::none || value.kind == Kind::object) return {};
      return Evaluated::number(value.value == 0);
    }
    case Op::as:
      return cast(operand(one.a), one, expression, scope);
    case Op::size_of:
      return size_of(one, expression, scope);
    case Op::logic_and:
      return Evaluated::number(is_truth(loaded(one.a)) && is_truth(loaded(one.b)));
    case Op::logic_or:
      return Evaluated::number(is_truth(loaded(one.a)) || is_truth(loaded(one.b)));
    case Op::conditional: {
      Evaluated condition = loaded(one.a);
      if (condition.kind == Kind::none || condition.kind == Kind::object) return {};
      return operand(is_truth(condition) ? one.b : one.c);
    }
    case Op::otherwise: {
      Evaluated first = operand(one.a);
      return first ? first : operand(one.b);
    }
    default: {
      Evaluated a = loaded(one.a), b = loaded(one.b);
      if (a.kind == Kind::none || b.kind == Kind::none) return {};
      if (a.kind == Kind::object || b.kind == Kind::object) return {};
      return arithmetic(one.op, a, b);
    }
  }
}

}  // namespace inquest::objects
