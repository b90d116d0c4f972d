/// Reads the elements of one container as a description says. Of use to elements.cc only.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "objects/containers/evaluate.h"
#include "objects/elements.h"

namespace inquest::objects {

/// Reads one container by one description.
class ContainerWalk {
 public:
  ContainerWalk(const ObjectSpace& space, Layouts& layouts, const FittingDescription& fit,
                const TypedObject& object, const ElementLimits& limits)
      : space_(space),
        layouts_(layouts),
        evaluator_(space, layouts),
        fit_(fit),
        described_(*fit.description),
        scope_{.self = object, .fit = &fit, .has_lets = true},
        limits_(limits) {}

  /// Absent when the description is of another library or version: a member is not there.
  std::optional<Elements> elements();

 private:
  using Kind = Evaluated::Kind;

  // What the shapes have in common (walk.cc).
  void damage(std::string what) {
    if (out_.damage.empty()) out_.damage = std::move(what);
  }
  /// False when there is no such member. A count that no memory can hold is damage.
  bool read_count();
  uint64_t wanted() const {
    return std::min<uint64_t>(out_.count.value_or(UINT64_MAX), limits_.elements);
  }
  void add(const Evaluated& item);
  bool is_held(Address at, uint64_t size) const {
    return space_.memory.has(at) && (size < 2 || space_.memory.has(at + (size - 1)));
  }
  bool not_held(Address at, uint64_t index);
  void compare_count();
  void show();

  // A shape each; false when the description does not fit.
  bool value();
  bool code_fits(const HeldValue& held, FittingDescription& fit);
  bool text();
  bool array();
  bool each();
  bool bits();
  bool list();
  bool tree();

  // What lists and trees are made of (walk_nodes.cc).
  /// The node that a pointer leads to, typed; none at the end.
  Evaluated node(Evaluated pointer, std::optional<uint64_t> end);
  Scope in_node(const Evaluated& node) const {
    return {.self = {{node.value}, node.type}, .fit = &fit_};
  }
  /// Adds the item of a node; false when the node cannot be read.
  bool add_item(const Evaluated& node);
  void not_in_dump(const Evaluated& node);
  void no_item();
  std::optional<uint64_t> end();
  /// The first node's pointer; absent when the member is not there. A type that debug information
  /// lacks is damage, not another layout.
  std::optional<Evaluated> first_node();

  const ObjectSpace& space_;
  Layouts& layouts_;
  Evaluator evaluator_;
  const FittingDescription& fit_;
  const ClassDescription& described_;
  Scope scope_;
  const ElementLimits& limits_;
  Elements out_;
};

}  // namespace inquest::objects
