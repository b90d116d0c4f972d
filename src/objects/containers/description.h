/// One class template as a description tells it, before its arguments are known.
///
/// Values. What each statement means: docs/container-descriptions.md.
#pragma once

#include <string>
#include <vector>

#include "objects/containers.h"
#include "objects/containers/expression.h"

namespace inquest::objects {

/// How elements are found from what a description says.
enum class Shape : uint8_t {
  none,
  same,   ///< they are those of another object: `begin`
  array,  ///< `begin` points to the first of `count`
  each,   ///< `item` with $i from 0 to `count`
  list,   ///< `begin` points to the first node, `next` to the next one, `item` is in a node
  tree,   ///< `begin` points to the root, `left` and `right` to the next ones
  bits,   ///< `begin` points to the first of `count` bits
  text,   ///< `begin` points to the first of `count` characters
  value,  ///< the first of `values` whose conditions hold
};

/// What one object holds when a condition holds.
struct HeldValue {
  Expression value = {};
  Expression condition = {};  ///< may be empty
  /// The code that `code` points to must have a name that fits the pattern; may be empty.
  Expression code = {};
  std::string pattern = {};
};

struct NamedExpression {
  std::string name;
  Expression expression;
};

struct ClassDescription {
  /// Template names with holes; the first that fits is taken.
  std::vector<std::string> patterns = {};
  std::string plain_name = {};  ///< with holes; may be empty
  std::vector<Link> links = {};
  std::vector<Cell> cells = {};
  std::vector<NamedExpression> lets = {};
  std::vector<NamedExpression> shown = {};
  Shape shape = Shape::none;
  Expression begin = {}, count = {}, next = {}, left = {}, right = {}, item = {};
  Expression nil = {};               ///< true of a node that is none
  Expression end = {};               ///< the address behind the last node; null ends too
  bool is_ring = false;              ///< a list that leads on behind `count` elements
  Expression key = {}, mapped = {};  ///< of an element
  std::vector<HeldValue> values = {};
  std::string source = {};  ///< of its text: "libstdc++"
  size_t line = 0;
};

}  // namespace inquest::objects
