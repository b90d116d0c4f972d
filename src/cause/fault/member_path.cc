#include "cause/fault/member_path.h"

#include <algorithm>
#include <fmt/core.h>
#include <vector>

#include "base/limits.h"

namespace inquest::cause {
namespace {

using symbols::Member;
using symbols::Type;
using symbols::TypeId;
using symbols::TypeKind;
using symbols::TypeReader;

bool is_empty_class(const TypeReader& reader, TypeId id, unsigned depth = 0) {
  Type type = reader.type(reader.resolve(id));
  if (type.kind != TypeKind::class_ || type.size > 1 || depth > 8) return false;
  auto members = reader.members(reader.resolve(id));
  return std::all_of(members.begin(), members.end(),
                     [&](const Member& m) { return is_empty_class(reader, m.type, depth + 1); });
}

const Member* member_holding(const TypeReader& reader, const std::vector<Member>& members,
                             uint64_t offset) {
  const Member* found = nullptr;
  for (const Member& member : members) {
    if (member.is_virtual_base || member.offset > offset) continue;
    uint64_t size = reader.type(reader.resolve(member.type)).size;
    if (offset - member.offset >= std::max<uint64_t>(size, 1)) continue;
    if (is_empty_class(reader, member.type)) continue;
    if (!found) found = &member;
  }
  return found;
}

/// The arguments of a template: "Shard*", "std::allocator<Shard*>".
std::vector<std::string_view> template_arguments(std::string_view type) {
  std::vector<std::string_view> out;
  size_t open = type.find('<');
  if (open == std::string_view::npos) return out;
  size_t depth = 0, start = open + 1;
  for (size_t i = open; i < type.size(); ++i) {
    char c = type[i];
    if (c == '<' || c == '(') ++depth;
    if (c == '>' || c == ')') --depth;
    bool ends = (c == ',' && depth == 1) || depth == 0;
    if (ends) {
      auto one = type.substr(start, i - start);
      while (one.starts_with(' ')) one.remove_prefix(1);
      while (one.ends_with(' ')) one.remove_suffix(1);
      out.push_back(one);
      start = i + 1;
    }
    if (depth == 0) break;
  }
  return out;
}

PointerType type_by_name(std::string_view name, const TypeReader& reader) {
  PointerType out;
  for (bool again = true; again;) {
    again = false;
    for (std::string_view suffix : {" const", " ", "&"}) {
      if (name.ends_with(suffix)) name.remove_suffix(suffix.size()), again = true;
    }
    if (name.ends_with('*')) name.remove_suffix(1), ++out.pointers, again = true;
  }
  if (name.starts_with("const ")) name.remove_prefix(6);
  out.type = reader.find(name);
  if (!out.type) return {};
  out.reader = &reader;
  return out;
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

PointerType pointee(const PointerType& pointer) {
  if (!pointer) return {};
  if (pointer.pointers > 0) return {pointer.type, pointer.pointers - 1, pointer.reader};
  Type type = pointer.reader->type(pointer.reader->resolve(pointer.type));
  if (type.kind != TypeKind::pointer && type.kind != TypeKind::reference) return {};
  if (!type.target) return {};
  return {pointer.reader->resolve(type.target), 0, pointer.reader};
}

PointerType pointer_to(const PointerType& type) {
  return type ? PointerType{type.type, type.pointers + 1, type.reader} : PointerType{};
}

uint64_t size_of(const PointerType& type) {
  if (!type) return 0;
  if (type.pointers > 0) return 8;
  Type plain = type.reader->type(type.reader->resolve(type.type));
  bool pointer = plain.kind == TypeKind::pointer || plain.kind == TypeKind::reference;
  return plain.size == 0 && pointer ? 8 : plain.size;
}

std::string name_of_type(const PointerType& type) {
  if (!type) return {};
  std::string stars(type.pointers, '*');
  TypeId id = type.reader->resolve(type.type);
  Type plain = type.reader->type(id);
  for (unsigned depth = 0; depth < 4; ++depth) {
    if (plain.kind != TypeKind::pointer && plain.kind != TypeKind::reference) break;
    stars += '*';
    id = type.reader->resolve(plain.target);
    plain = type.reader->type(id);
  }
  return plain.name.empty() ? plain.name : plain.name + stars;
}

std::optional<MemberPath> member_path(const PointerType& type, uint64_t offset) {
  if (!type) return {};
  MemberPath out{.type = type, .inside = offset};
  if (type.pointers > 0) return offset < 8 ? std::optional(out) : std::nullopt;
  const TypeReader& reader = *type.reader;
  out.type.type = reader.resolve(type.type);
  for (size_t depth = 0; depth < kLimits.type_depth; ++depth) {
    Type here = reader.type(out.type.type);
    if (here.size && out.inside >= here.size) return {};
    if (here.kind == TypeKind::array) {
      uint64_t element = size_of({here.target, 0, &reader});
      if (element == 0) return out;
      out.path += fmt::format("[{}]", out.inside / element);
      out.inside %= element;
      out.type.type = reader.resolve(here.target);
      continue;
    }
    if (here.kind != TypeKind::class_ && here.kind != TypeKind::union_) return out;
    auto members = reader.members(out.type.type);
    const Member* member = member_holding(reader, members, out.inside);
    if (!member) return out;  // padding, or what the compiler hides
    if (!member->name.empty() && !member->is_base) {
      if (!out.path.empty()) out.path += '.';
      out.path += member->name;
    }
    out.inside -= member->offset;
    out.type.type = reader.resolve(member->type);
    if (member->bit_size) return out;
  }
  return out;
}

PointerType library_result(std::string_view function, const TypeReader& reader) {
  // The class and the method: split at the last "::" outside of brackets, before the parameters.
  size_t depth = 0, split = std::string_view::npos, end = function.size();
  for (size_t i = 0; i < function.size(); ++i) {
    char c = function[i];
    bool is_operator =
        function.substr(0, i).ends_with("operator") || function.substr(0, i).ends_with("operator-");
    if (is_operator && c != '(') continue;
    if (c == '<') ++depth;
    if (c == '>' && depth > 0) --depth;
    if (depth == 0 && c == ':' && function.substr(i).starts_with("::")) split = i;
    if (depth == 0 && c == '(' && split != std::string_view::npos) {
      end = i;
      break;
    }
  }
  if (split == std::string_view::npos || split + 2 > end) return {};
  auto owner = function.substr(0, split), method = function.substr(split + 2, end - split - 2);
  auto arguments = template_arguments(owner);
  auto plain = owner.substr(0, owner.find('<'));
  if (arguments.empty() || !(plain.starts_with("std::") || plain.starts_with("__gnu_cxx::"))) {
    return {};
  }
  plain = plain.substr(plain.rfind(':') + 1);
  bool dereferences =
      is_one_of(method, {"operator->", "operator*", "get", "value", "_M_get", "_M_ptr"});
  bool indexes = is_one_of(method, {"operator[]", "at", "front", "back", "data"});
  if (is_one_of(plain, {"vector", "deque", "array", "span", "list"}) && indexes) {
    return pointer_to(type_by_name(arguments[0], reader));
  }
  if (is_one_of(plain, {"unique_ptr", "__uniq_ptr_impl", "shared_ptr", "__shared_ptr",
                        "__shared_ptr_access", "optional", "_Rb_tree_iterator",
                        "_Rb_tree_const_iterator", "_List_iterator", "_List_const_iterator",
                        "_Node_iterator", "_Node_const_iterator", "_Deque_iterator"}) &&
      dereferences) {
    return pointer_to(type_by_name(arguments[0], reader));
  }
  if (plain == "__normal_iterator" && dereferences) return type_by_name(arguments[0], reader);
  if (is_one_of(plain, {"map", "unordered_map"}) && indexes && arguments.size() > 1) {
    return pointer_to(type_by_name(arguments[1], reader));
  }
  return {};
}

}  // namespace inquest::cause
