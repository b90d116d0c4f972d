#include "objects/containers/layouts.h"

#include <deque>

#include "objects/containers/spelling.h"

namespace inquest::objects {

using symbols::Member;
using symbols::TypeId;
using symbols::TypeKind;

TypeId Layouts::resolve(TypeId id) {
  auto [at, is_new] = resolved_.try_emplace(id);
  if (is_new) at->second = space_.types.resolve(id);
  return at->second;
}

Layouts::Known& Layouts::known(TypeId id) {
  TypeId resolved = resolve(id);
  auto [at, is_new] = known_.try_emplace(resolved);
  if (is_new && resolved) {
    at->second.resolved = resolved;
    at->second.type = space_.types.type(resolved);
  }
  return at->second;
}

const symbols::Type& Layouts::type(TypeId id) { return known(id).type; }

const std::vector<Member>& Layouts::members(TypeId id) {
  Known& one = known(id);
  if (!one.members) {
    one.members.emplace();
    bool has_members = one.type.kind == TypeKind::class_ || one.type.kind == TypeKind::union_;
    if (has_members) one.members = space_.types.members(one.resolved);
  }
  return *one.members;
}

uint64_t Layouts::size(const ObjectType& type) {
  if (type.pointers > 0) return space_.pointer_size;
  const symbols::Type& one = this->type(type.id);
  if (one.kind == TypeKind::pointer || one.kind == TypeKind::reference)
    return one.size != 0 ? one.size : space_.pointer_size;
  return one.size;
}

const MemberPlace* Layouts::member(TypeId id, const std::string& name) {
  Known& one = known(id);
  auto [at, is_new] = one.by_name.try_emplace(name);
  if (is_new) at->second = search(resolve(id), name);
  return at->second ? &*at->second : nullptr;
}

std::optional<MemberPlace> Layouts::search(TypeId id, const std::string& name) {
  constexpr size_t kMostLooked = 4096;
  struct Step {
    TypeId type;
    uint64_t offset;
  };
  std::deque<Step> steps{{id, 0}};  // level by level
  for (size_t looked = 0; !steps.empty() && looked < kMostLooked; ++looked) {
    Step step = steps.front();
    steps.pop_front();
    for (const Member& member : members(step.type)) {
      const uint64_t offset = step.offset + member.offset;
      if (member.is_virtual_base) continue;
      if (member.name == name && !member.is_base)
        return MemberPlace{member.type, offset, member.bit_size, member.bit_offset};
    }
    for (const Member& member : members(step.type)) {
      // Members of an anonymous member are the class's own: before those of bases.
      if (member.is_virtual_base || !member.name.empty()) continue;
      Step inner{resolve(member.type), step.offset + member.offset};
      if (member.is_base) {
        steps.push_back(inner);
      } else {
        steps.push_front(inner);
      }
    }
  }
  return {};
}

std::optional<ObjectType> Layouts::find(std::string_view name) {
  if (auto known = found_.find(name); known != found_.end()) return known->second;
  std::optional<ObjectType> found;
  std::string_view bare = trimmed(name);
  uint32_t pointers = 0;
  for (;;) {
    if (bare.ends_with('*')) {
      ++pointers;
      bare = trimmed(bare.substr(0, bare.size() - 1));
    } else if (pointers > 0 && bare.ends_with(" const")) {
      bare = trimmed(bare.substr(0, bare.size() - 6));
    } else if (bare.ends_with("*const")) {
      bare = bare.substr(0, bare.size() - 5);
    } else if (bare.ends_with("__ptr64")) {
      bare = trimmed(bare.substr(0, bare.size() - 7));
    } else {
      break;
    }
  }
  if (TypeId id = find_type(space_.types, bare)) {
    found = ObjectType{id, pointers};
  } else if (bare.starts_with("const ")) {
    found = find(bare.substr(6));
    if (found) found->pointers += pointers;
  } else if (bare.ends_with(" const")) {
    found = find(bare.substr(0, bare.size() - 6));
    if (found) found->pointers += pointers;
  } else if (pointers > 0 || bare.find("(*)") != bare.npos) {
    found = ObjectType{{}, std::max(pointers, 1u)};  // a pointer to what nothing describes
  }
  found_.emplace(name, found);
  return found;
}

}  // namespace inquest::objects
