/// Containers made of nodes: lists and trees, whose links may lead anywhere.
#include <unordered_set>

#include "objects/containers/walk.h"

namespace inquest::objects {

Evaluated ContainerWalk::node(Evaluated pointer, std::optional<uint64_t> end) {
  pointer = evaluator_.load(pointer);
  if (pointer.kind != Kind::pointer || pointer.value == 0 || pointer.value == end) return {};
  return pointer;
}

bool ContainerWalk::add_item(const Evaluated& node) {
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

void ContainerWalk::not_in_dump(const Evaluated& node) {
  damage(fmt::format("after {} elements a link leads to {}, which is not in the dump", out_.found,
                     Address{node.value}));
}

void ContainerWalk::no_item() {
  damage(evaluator_.missing_type().empty()
             ? std::string("its nodes do not look as described")
             : fmt::format("debug information has no type \"{}\"", evaluator_.missing_type()));
}

std::optional<uint64_t> ContainerWalk::end() {
  if (described_.end.empty()) return {};
  auto number = evaluator_.number(described_.end, scope_);
  return number ? std::optional(static_cast<uint64_t>(*number)) : std::nullopt;
}

std::optional<Evaluated> ContainerWalk::first_node() {
  Evaluated begin = evaluator_.load(evaluator_.run(described_.begin, scope_));
  if (begin.kind == Kind::pointer) return begin;
  if (evaluator_.missing_type().empty()) return {};
  no_item();
  return Evaluated{};
}

bool ContainerWalk::list() {
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

bool ContainerWalk::tree() {
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

}  // namespace inquest::objects
