/// Executes expressions of descriptions upon the memory of a dead process.
#pragma once

#include "objects/containers/descriptions.h"
#include "objects/containers/layouts.h"

namespace inquest::objects {

/// What an expression gives.
struct Evaluated {
  enum class Kind : uint8_t {
    none,     ///< a member that is not there, memory that is not, a division by zero
    object,   ///< `type` at address `value`
    number,   ///< signed
    pointer,  ///< to a `type` at `value`
  } kind = Kind::none;
  ObjectType type = {};
  uint64_t value = 0;
  uint32_t bit_size = 0, bit_offset = 0;  ///< of an object that is a bit field

  explicit operator bool() const { return kind != Kind::none; }
  static Evaluated number(int64_t n) {
    return {.kind = Kind::number, .value = static_cast<uint64_t>(n)};
  }
};

/// Upon which object an expression is evaluated. Borrowed.
struct Scope {
  TypedObject self;
  const FittingDescription* fit = nullptr;  ///< for holes and types
  bool has_lets = false;                    ///< of the description; not in nodes
  int64_t index = 0;                        ///< $i
  size_t depth = 0;                         ///< of `let` in `let`
};

class Evaluator {
 public:
  Evaluator(const ObjectSpace& space, Layouts& layouts) : space_(space), layouts_(layouts) {}

  Evaluated run(const Expression& expression, const Scope& scope);
  /// A number or pointer out of an object; an array is a pointer to its first element. What is
  /// neither stays as it is.
  Evaluated load(Evaluated value);
  std::optional<int64_t> number(const Expression& expression, const Scope& scope);
  /// True when it is there and not 0.
  bool holds(const Expression& expression, const Scope& scope);
  /// The last type that was named and not found; empty when all were.
  const std::string& missing_type() const { return missing_type_; }

 private:
  Evaluated term(const Expression& expression, uint32_t index, const Scope& scope);
  Evaluated name(const std::string& name, const Scope& scope);
  Evaluated hole(const std::string& text, const Scope& scope);
  Evaluated member(const Evaluated& object, const std::string& name);
  Evaluated cast(Evaluated value, const Term& term, const Expression& expression,
                 const Scope& scope);
  Evaluated size_of(const Term& term, const Expression& expression, const Scope& scope);
  Evaluated arithmetic(Op op, const Evaluated& a, const Evaluated& b);
  std::optional<ObjectType> named_type(const std::string& name);

  const ObjectSpace& space_;
  Layouts& layouts_;
  std::string missing_type_;
};

}  // namespace inquest::objects
