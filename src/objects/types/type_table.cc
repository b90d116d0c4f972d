#include "objects/types/type_table.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/limits.h"
#include "objects/containers/spelling.h"

namespace inquest::objects {

using symbols::Member;
using symbols::Type;
using symbols::TypeId;
using symbols::TypeKind;
using symbols::TypeReader;

namespace {

constexpr size_t kMostSlots = 1 << 14;  // of one type
constexpr size_t kMostTypes = 4 << 20;
constexpr uint64_t kMostExpanded = 1024;  // elements of an array within an object
constexpr size_t kMostBegins = 32;

bool is_byte_name(std::string_view name) {
  return name == "char" || name == "unsigned char" || name == "signed char" ||
         name == "std::byte" || name == "char8_t";
}

}  // namespace

struct TypeTable::Expansion {
  std::map<uint64_t, PointerSlot> slots = {};
  std::vector<TypeIndex> at_begin = {};
  bool has_vptr = false;
  size_t steps = 0;
};

TypeTable::TypeTable(const std::vector<ModuleTypes>& modules, const Descriptions& containers,
                     unsigned word_size)
    : modules_(modules), containers_(containers), word_size_(word_size) {
  types_.push_back({});
  layouts_.push_back({.is_made = true});
}

size_t TypeTable::module_of(const TypeReader* reader) const {
  for (size_t i = 0; i < modules_.size(); ++i) {
    if (modules_[i].types == reader) return i;
  }
  return SIZE_MAX;
}

TypeIndex TypeTable::add(const TypeReader* reader, TypeId id, const Type& type) {
  const bool is_named = !type.name.empty() && type.name.find("(anonymous)") == std::string::npos;
  std::vector<TypeIndex>* same = nullptr;
  if (is_named) {
    same = &by_name_[type.name];
    for (TypeIndex known : *same) {
      if (types_[known].size == type.size) return known;
      // Declared here, defined there.
      if (type.size == 0 && reader) return known;
      if (types_[known].size == 0 && types_[known].reader) {
        types_[known] = {type.name, type.size, module_of(reader), id, reader};
        layouts_[known] = {};
        return known;
      }
    }
  }
  if (types_.size() >= kMostTypes) return 0;
  const auto index = static_cast<TypeIndex>(types_.size());
  types_.push_back({type.name, type.size, module_of(reader), id, reader});
  Layout& layout = layouts_.emplace_back();
  layout.is_pointer = type.kind == TypeKind::pointer || type.kind == TypeKind::reference;
  layout.is_bytes = (type.kind == TypeKind::base && type.size == 1) || is_byte_name(type.name);
  layout.is_scalar = layout.is_pointer || layout.is_bytes || type.kind == TypeKind::base ||
                     type.kind == TypeKind::enum_ || type.kind == TypeKind::member_pointer;
  if (same) same->push_back(index);
  return index;
}

TypeIndex TypeTable::index_of(const TypeReader* reader, TypeId id) {
  if (!reader || !id) return 0;
  auto [slot, is_new] = by_id_.try_emplace(Key{reader, id.value}, 0);
  if (!is_new) return slot->second;
  Type type;
  TypeId at = id;
  for (size_t depth = 0; depth < kLimits.type_depth; ++depth) {
    type = reader->type(at);
    if (type.kind != TypeKind::typedef_ && type.kind != TypeKind::qualified) break;
    at = type.target;
    if (!at) return 0;
  }
  // A type without a name is one, whichever of its typedefs leads to it.
  const bool is_the_type =
      type.kind == TypeKind::typedef_ || type.kind == TypeKind::qualified || at == id;
  if (!is_the_type) return by_id_[Key{reader, id.value}] = index_of(reader, at);
  switch (type.kind) {
    case TypeKind::unknown:
    case TypeKind::typedef_:
    case TypeKind::qualified:
    case TypeKind::function:
      return 0;
    case TypeKind::array: {
      // A pointer to an array leads to its elements.
      TypeIndex element = index_of(reader, type.target);
      return by_id_[Key{reader, id.value}] = element;
    }
    default:
      break;
  }
  if (type.kind == TypeKind::class_ && type.is_declaration) {
    // Another module may know all of it.
    for (const ModuleTypes& other : modules_) {
      if (!other.types || other.types == reader) continue;
      TypeId whole = other.types->find(type.name);
      if (!whole) continue;
      Type found = other.types->type(whole);
      if (found.is_declaration || found.size == 0) continue;
      return by_id_[Key{reader, id.value}] = add(other.types, whole, found);
    }
  }
  return by_id_[Key{reader, id.value}] = add(reader, at, type);
}

TypeIndex TypeTable::find(std::string_view name, const TypeReader* reader) {
  auto [slot, is_new] = found_.try_emplace(std::string(name), 0);
  if (!is_new) return slot->second;
  TypeIndex found = 0;
  if (TypeId id = reader ? reader->find(name) : TypeId{}) found = index_of(reader, id);
  for (const ModuleTypes& module : modules_) {
    if (found != 0) break;
    if (!module.types || module.types == reader) continue;
    if (TypeId id = module.types->find(name)) found = index_of(module.types, id);
  }
  if (found == 0 && name.find('<') != std::string::npos) found = find_instance(name);
  return found_[std::string(name)] = found;
}

/// Demanglers, descriptions and compilers spell a template's arguments differently.
TypeIndex TypeTable::find_instance(std::string_view name) {
  const std::string base(split_template(name).name);
  if (base.empty() || base.size() == name.size()) return 0;
  auto [known, is_new] = instances_.try_emplace(base);
  if (is_new) {
    for (const ModuleTypes& module : modules_) {
      if (!module.types) continue;
      for (TypeId id : module.types->instances(base)) {
        const TypeIndex type = index_of(module.types, id);
        known->second.try_emplace(plain_spelling(types_[type].name), type);
      }
    }
  }
  auto match = known->second.find(plain_spelling(name));
  return match == known->second.end() ? 0 : match->second;
}

TypeIndex TypeTable::by_rtti_name(const std::string& name) {
  const TypeIndex found = find(name);
  return found != 0 ? found : named(name);
}

TypeIndex TypeTable::named(std::string_view name, uint64_t size) {
  const TypeIndex index = add(nullptr, {}, {.name = std::string(name), .size = size});
  layouts_[index].is_made |= types_[index].reader == nullptr;
  return index;
}

const Layout& TypeTable::layout(TypeIndex type) {
  if (!layouts_[type].is_made) make(type);
  return layouts_[type];
}

void TypeTable::make(TypeIndex index) {
  layouts_[index].is_made = true;
  const TypeInfo info = types_[index];
  if (!info.reader) return;
  Expansion expansion;
  expand(expansion, *info.reader, info.id, 0, 0, false);
  Layout& layout = layouts_[index];
  for (auto& [offset, slot] : expansion.slots) layout.slots.push_back(slot);
  layout.at_begin = std::move(expansion.at_begin);
  layout.has_vptr = expansion.has_vptr;
}

void TypeTable::expand(Expansion& to, const TypeReader& reader, TypeId id, uint64_t offset,
                       size_t depth, bool weak) {
  if (depth > kLimits.type_depth || to.slots.size() > kMostSlots || ++to.steps > kMostSlots * 4) {
    return;
  }
  const TypeId plain = reader.resolve(id);
  const Type type = reader.type(plain);
  switch (type.kind) {
    case TypeKind::pointer:
    case TypeKind::reference: {
      if (type.size != word_size_ || offset > UINT32_MAX || offset % word_size_ != 0) return;
      PointerSlot slot{.offset = static_cast<uint32_t>(offset), .is_weak = weak};
      slot.target = index_of(&reader, type.target);
      to.slots[offset] = slot;
      return;
    }
    case TypeKind::array: {
      const uint64_t size = reader.type(type.target).size;
      if (size < word_size_) return;  // no pointer fits
      for (uint64_t i = 0; i < std::min(type.count, kMostExpanded); ++i) {
        const size_t before = to.slots.size();
        expand(to, reader, type.target, offset + i * size, depth + 1, weak);
        if (to.slots.size() == before) return;
      }
      return;
    }
    case TypeKind::class_:
      return expand_class(to, reader, plain, type, offset, depth, weak);
    case TypeKind::union_:
      return expand_union(to, reader, plain, offset, depth);
    default:
      return;
  }
}

void TypeTable::expand_class(Expansion& to, const TypeReader& reader, TypeId id, const Type& type,
                             uint64_t offset, size_t depth, bool weak) {
  if (offset == 0 && depth > 0 && to.at_begin.size() < kMostBegins && type.size > 0) {
    to.at_begin.push_back(index_of(&reader, id));
  }
  for (const Member& member : reader.members(id)) {
    if (member.is_virtual_base || member.bit_size != 0) continue;
    if (member.is_artificial) {
      to.has_vptr |= offset + member.offset == 0;
      continue;
    }
    // A base without members shares its place with what follows.
    expand(to, reader, member.type, offset + member.offset, depth + 1, weak);
    if (!is_end_name(member.name)) continue;
    auto slot = to.slots.find(offset + member.offset);
    if (slot != to.slots.end()) slot->second.is_end = true;
  }
  add_cells(to, reader, id, type.name, offset, depth, weak);
  add_links(to, reader, id, type.name, offset, weak);
}

/// Bytes that hold an object: only the description, or the template's argument, says of what type.
void TypeTable::add_cells(Expansion& to, const TypeReader& reader, TypeId id,
                          const std::string& name, uint64_t offset, size_t depth, bool weak) {
  for (const Cell& cell : containers_.cells(name)) {
    auto at = offset_of(reader, id, cell.member, 0);
    if (!at) continue;
    if (!cell.type.ends_with('*')) {
      const TypeInfo value = types_[find(cell.type, &reader)];
      if (value.reader) expand(to, *value.reader, value.id, offset + *at, depth + 1, weak);
      continue;
    }
    const std::string_view pointee = std::string_view(cell.type).substr(0, cell.type.size() - 1);
    const uint64_t place = offset + *at;
    const TypeIndex target = described(pointee, reader);
    if (target == 0 || place % word_size_ != 0 || place > UINT32_MAX) continue;
    PointerSlot slot{.offset = static_cast<uint32_t>(place), .target = target};
    slot.is_weak = weak;
    to.slots[place] = slot;
  }
}

TypeIndex TypeTable::described(std::string_view name, const TypeReader& reader) {
  while (name.ends_with(' ')) name.remove_suffix(1);
  for (bool again = true; again;) {
    again = false;
    if (name.ends_with(" const")) name.remove_suffix(6), again = true;
    if (name.starts_with("const ")) name.remove_prefix(6), again = true;
  }
  if (!name.ends_with('*')) return find(name, &reader);
  name.remove_suffix(1);
  const TypeIndex target = described(name, reader);
  if (target == 0) return 0;
  const std::string text = types_[target].name + "*";
  const size_t before = types_.size();
  const TypeIndex pointer = named(text, word_size_);
  if (types_.size() > before) {
    Layout& layout = layouts_[pointer];
    layout.is_pointer = layout.is_scalar = layout.is_made = true;
    layout.slots = {{.target = target}};
  }
  return pointer;
}

/// Which member a union holds is not known: only words that at most one of them calls a pointer.
void TypeTable::expand_union(Expansion& to, const TypeReader& reader, TypeId id, uint64_t offset,
                             size_t depth) {
  std::map<uint64_t, std::pair<PointerSlot, int>> claims;
  for (const Member& member : reader.members(id)) {
    Expansion one;
    one.steps = to.steps;
    // Not at_begin: the object is the union, not this member. Offsets are kept from 0.
    expand(one, reader, member.type, offset + member.offset, depth + 1, true);
    to.steps = one.steps;
    for (const auto& [at, slot] : one.slots) {
      auto& claim = claims[at];
      claim.first = slot;
      ++claim.second;
    }
  }
  for (const auto& [at, claim] : claims) {
    if (claim.second == 1 && to.slots.size() <= kMostSlots) to.slots[at] = claim.first;
  }
}

std::optional<uint64_t> TypeTable::offset_of(const TypeReader& reader, TypeId id,
                                             std::string_view path, size_t depth) const {
  if (path.empty()) return 0;
  if (depth > 8) return {};
  const size_t dot = path.find('.');
  const std::string_view first = path.substr(0, dot);
  const std::string_view rest = dot == std::string_view::npos ? "" : path.substr(dot + 1);
  for (const Member& member : reader.members(reader.resolve(id))) {
    if (member.is_virtual_base) continue;
    std::optional<uint64_t> within;
    if (!member.name.empty() && member.name == first) {
      within = offset_of(reader, member.type, rest, depth);
    } else if (member.is_base || member.name.empty()) {
      within = offset_of(reader, member.type, path, depth + 1);
    }
    if (within) return member.offset + *within;
  }
  return {};
}

void TypeTable::add_links(Expansion& to, const TypeReader& reader, TypeId id,
                          const std::string& name, uint64_t offset, bool weak) {
  for (const Link& link : containers_.links(name)) {
    auto at = offset_of(reader, id, link.member, 0);
    if (!at || (offset + *at) % word_size_ != 0 || offset + *at > UINT32_MAX) continue;
    const TypeIndex target = described(link.target, reader);
    if (target == 0) continue;  // the declared type stays
    PointerSlot slot{.offset = static_cast<uint32_t>(offset + *at), .target = target};
    slot.into = static_cast<uint32_t>(link.offset);
    slot.is_link = true;
    slot.is_weak = weak;
    to.slots[offset + *at] = slot;
  }
}

bool TypeTable::begins_with(TypeIndex derived, TypeIndex base) {
  if (derived == base || base == 0) return false;
  const std::vector<TypeIndex>& begins = layout(derived).at_begin;
  return std::ranges::find(begins, base) != begins.end();
}

bool is_end_name(std::string_view name) {
  constexpr std::array<std::string_view, 7> kWords = {"end",  "finish", "last",   "limit",
                                                      "stop", "cap",    "storage"};
  auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  // The last word of it: "items_end", "itemsEnd", "_Myend", "end_", "__end_cap_".
  while (!name.empty() && (name.back() == '_' || (name.back() >= '0' && name.back() <= '9')))
    name.remove_suffix(1);
  size_t begin = name.size();
  while (begin > 0 && is_lower(name[begin - 1])) --begin;
  std::string last(name.substr(begin));
  if (begin > 0 && is_upper(name[begin - 1])) {
    last.insert(last.begin(), static_cast<char>(name[begin - 1] - 'A' + 'a'));
    // Of MSVC's standard library: _Mylast, _Myend.
    if (last == "mylast" || last == "myend") return true;
  }
  return std::ranges::find(kWords, last) != kWords.end();
}

std::string plain_spelling(std::string_view name) {
  std::string text = spell(name, {true, false, Spelling::Const::first});
  constexpr std::string_view kInline = "__cxx11::";
  for (size_t at = 0; (at = text.find(kInline, at)) != std::string::npos;) {
    text.erase(at, kInline.size());
  }
  return text;
}

}  // namespace inquest::objects
