/// What all TypeReaders share: stripping aliases, and naming the member at an offset.
#include <fmt/core.h>

#include "base/limits.h"
#include "symbols/types.h"

namespace inquest::symbols {
namespace {

uint64_t size_of(const TypeReader& types, TypeId id) { return types.type(types.resolve(id)).size; }

/// Whether byte `offset` of the object lies in the member. One of unknown size holds its first.
bool holds(const TypeReader& types, const Member& member, uint64_t offset) {
  if (member.is_virtual_base || offset < member.offset) return false;
  if (member.bit_size) {
    return (offset - member.offset) * 8 < uint64_t{member.bit_offset} + member.bit_size;
  }
  uint64_t size = size_of(types, member.type);
  return offset - member.offset < (size ? size : 1);
}

/// The member to go into. Of union members the one that reaches deepest is not known: the first
/// class or array, else the first.
const Member* choose(const TypeReader& types, const std::vector<Member>& members, uint64_t offset) {
  const Member* best = nullptr;
  for (const Member& member : members) {
    if (!holds(types, member, offset)) continue;
    // An empty base shares its byte with what follows it.
    if (member.is_base && best == nullptr) {
      best = &member;
      continue;
    }
    if (!best) return &member;
    if (best->is_base && types.members(types.resolve(best->type)).empty()) return &member;
  }
  return best;
}

}  // namespace

TypeId TypeReader::resolve(TypeId id) const {
  for (size_t depth = 0; id && depth < kLimits.type_depth; ++depth) {
    Type t = type(id);
    if (t.kind != TypeKind::typedef_ && t.kind != TypeKind::qualified) return id;
    id = t.target;
  }
  return {};
}

std::optional<TypeReader::MemberPath> TypeReader::member_at(TypeId outer, uint64_t offset) const {
  MemberPath path{.path = {}, .owner = {}, .type = resolve(outer), .offset_in_member = offset};
  for (size_t depth = 0; depth < kLimits.type_depth; ++depth) {
    const Type t = type(path.type);
    if (t.size && path.offset_in_member >= t.size) return {};
    if (t.kind == TypeKind::array) {
      uint64_t element = size_of(*this, t.target);
      if (element == 0) break;
      path.path += fmt::format("[{}]", path.offset_in_member / element);
      path.offset_in_member %= element;
      path.type = resolve(t.target);
      if (path.owner.empty()) path.owner = t.name;
      continue;
    }
    if (t.kind != TypeKind::class_ && t.kind != TypeKind::union_) break;
    const std::vector<Member> inside = members(path.type);
    const Member* member = choose(*this, inside, path.offset_in_member);
    if (!member) {
      if (path.path.empty()) return {};
      break;  // padding, or what the compiler hides
    }
    if (path.owner.empty()) path.owner = t.name;
    // The members of a base and of an anonymous member are named as if they were the owner's.
    if (!member->name.empty()) {
      if (!path.path.empty()) path.path += '.';
      path.path += member->name;
    } else if (member->is_base && path.path.empty()) {
      path.owner = type(resolve(member->type)).name;
    }
    path.offset_in_member -= member->offset;
    path.type = resolve(member->type);
    if (member->bit_size) break;
  }
  if (path.path.empty()) return {};
  return path;
}

}  // namespace inquest::symbols
