/// The expressions of container descriptions: a small part of C, parsed once.
///
/// `_M_impl._M_finish - _M_impl._M_start`, `$i / per`, `_M_storage as $T ?? _M_data`. Names are
/// members of the object (those of its bases too) or a description's own (`let`). `a ?? b` is b
/// where a has no such member; `x as TYPE` is the same bytes (or pointer) as another type and goes
/// to the end of its parentheses. Values. Grammar: docs/container-descriptions.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace inquest::objects {

enum class Op : uint8_t {
  number,     ///< `number`
  name,       ///< `text`
  hole,       ///< `text`: "$N", an argument that is a number; "$i", the index
  self,       ///< the object
  member,     ///< a.text
  arrow,      ///< a->text
  subscript,  ///< a[b]
  target,     ///< *a
  address,    ///< &a
  negative,
  not_,
  as,       ///< a as `text`; "$Ts[...]": b is the number of the argument, text is "$Ts"
  size_of,  ///< sizeof(`text`), or of what a is
  multiply,
  divide,
  modulo,
  add,
  subtract,
  shift_left,
  shift_right,
  less,
  less_equal,
  greater,
  greater_equal,
  equal,
  not_equal,
  bit_and,
  bit_or,
  logic_and,
  logic_or,
  conditional,  ///< a ? b : c
  otherwise,    ///< a ?? b
};

/// Operands are indices of terms that stand before it; kNone where there is none.
struct Term {
  static constexpr uint32_t kNone = UINT32_MAX;
  Op op = Op::number;
  uint32_t a = kNone, b = kNone, c = kNone;
  int64_t number = 0;
  std::string text = {};
};

class Expression {
 public:
  /// Empty: evaluates to nothing.
  Expression() = default;
  /// The error says what is wrong in words, without a place.
  static Result<Expression> parse(std::string_view text);

  bool empty() const { return terms_.empty(); }
  const std::vector<Term>& terms() const { return terms_; }
  /// The last term is the whole.
  uint32_t root() const { return static_cast<uint32_t>(terms_.size() - 1); }

 private:
  std::vector<Term> terms_;
};

}  // namespace inquest::objects
