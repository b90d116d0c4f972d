#include "symbols/pdb/type_graph.h"

#include <algorithm>

#include "base/limits.h"
#include "symbols/pdb/simple_types.h"

namespace inquest::symbols::pdb {
namespace {

constexpr size_t kMostFields = 1 << 16;
constexpr size_t kMostContinuations = 1 << 10;
constexpr size_t kMostSameName = 1 << 8;
constexpr uint64_t kLongestName = 4096;

TypeId id_of(uint32_t index) { return {index == kVoid ? 0 : index}; }

/// Of what a pointer's attributes say: bits 5 to 7.
enum PointerMode : uint32_t { kPlain = 0, kReference = 1, kData = 2, kFunction = 3, kRvalue = 4 };

/// Bits 2 to 4 of a method's attributes: it opens a slot of the virtual table.
bool is_introducing(uint16_t attributes) {
  const unsigned property = (attributes >> 2) & 7;
  return property == 4 || property == 6;
}

/// A field list's next entry, its attributes and type; false at the end or at what is unknown.
struct Field {
  uint16_t kind = 0, attributes = 0;
  uint32_t type = 0;
  int64_t number = 0;  ///< offset, or value
  std::string_view name = {};
};
bool next_field(Cursor& cursor, Field& field) {
  // Padding bytes say how far it is to the next entry.
  while (cursor.remaining() > 0 &&
         (std::to_integer<uint8_t>(cursor.bytes()[cursor.position()]) >= 0xf0)) {
    cursor.skip(1);
  }
  if (cursor.remaining() < 4) return false;
  field = {.kind = cursor.read<le16>(), .attributes = cursor.read<le16>()};
  switch (field.kind) {
    case LF_ENUMERATE:
      field.number = read_number(cursor).value_or(0);
      field.name = cursor.c_string();
      break;
    case LF_BCLASS:
      field.type = cursor.read<le32>();
      field.number = read_number(cursor).value_or(0);
      break;
    case LF_VBCLASS:
    case LF_IVBCLASS:
      field.type = cursor.read<le32>();
      cursor.read<le32>();
      read_number(cursor);
      read_number(cursor);
      break;
    case LF_INDEX:
    case LF_VFUNCTAB:
      field.type = cursor.read<le32>();
      break;
    case LF_MEMBER:
      field.type = cursor.read<le32>();
      field.number = read_number(cursor).value_or(0);
      field.name = cursor.c_string();
      break;
    case LF_STMEMBER:
    case LF_METHOD:
    case LF_NESTTYPE:
      field.type = cursor.read<le32>();
      field.name = cursor.c_string();
      break;
    case LF_ONEMETHOD:
      field.type = cursor.read<le32>();
      if (is_introducing(field.attributes)) cursor.read<le32>();
      field.name = cursor.c_string();
      break;
    default:
      return false;
  }
  return !cursor.failed();
}

}  // namespace

Type TypeGraph::type(uint32_t index) { return type(index, 0); }

Type TypeGraph::type(uint32_t index, size_t depth) {
  if (index < kFirstRecordIndex) return simple_type(index);
  auto record = depth < kLimits.type_depth ? records_.at(index) : std::nullopt;
  if (!record) return {};
  Cursor cursor(record->data, "type record");
  switch (record->kind) {
    case LF_MODIFIER:
      return modified(cursor, depth);
    case LF_POINTER:
      return pointer(cursor, depth);
    case LF_ARRAY:
      return array(cursor, depth);
    case LF_PROCEDURE:
    case LF_MFUNCTION:
      return {.kind = TypeKind::function, .name = "function"};
    case LF_BITFIELD:
      return type(cursor.read<le32>(), depth + 1);
    default:
      return tagged(index, *record);
  }
}

Type TypeGraph::modified(Cursor cursor, size_t depth) {
  const uint32_t target = cursor.read<le32>();
  const uint16_t flags = cursor.read<le16>();
  Type inner = type(target, depth + 1);
  Type out{.kind = TypeKind::qualified, .size = inner.size, .target = id_of(target)};
  if (flags & 1) out.name += "const ";
  if (flags & 2) out.name += "volatile ";
  out.name += inner.name;
  return out;
}

Type TypeGraph::pointer(Cursor cursor, size_t depth) {
  const uint32_t target = cursor.read<le32>(), attributes = cursor.read<le32>();
  Type out{.kind = TypeKind::pointer, .size = (attributes >> 13) & 0x3f, .target = id_of(target)};
  out.name = target == kVoid ? "void" : type(target, depth + 1).name;
  if (out.name.size() > kLongestName) out.name = "...";
  switch ((attributes >> 5) & 7) {
    case kReference:
      out.kind = TypeKind::reference;
      out.name += "&";
      break;
    case kRvalue:
      out.kind = TypeKind::reference;
      out.name += "&&";
      break;
    case kData:
    case kFunction:
      out.kind = TypeKind::member_pointer;
      out.name += " ::*";
      break;
    default:
      out.name += "*";
  }
  return out;
}

Type TypeGraph::array(Cursor cursor, size_t depth) {
  const uint32_t element = cursor.read<le32>();
  cursor.read<le32>();
  Type out{.kind = TypeKind::array, .target = id_of(element)};
  out.size = static_cast<uint64_t>(read_number(cursor).value_or(0));
  Type inner = type(element, depth + 1);
  if (inner.size) out.count = out.size / inner.size;
  // Of "int [2][3]" the outer extent stands first.
  size_t extents = inner.kind == TypeKind::array ? inner.name.find(" [") : std::string::npos;
  if (extents == std::string::npos) extents = inner.name.size();
  std::string_view rest = std::string_view(inner.name).substr(extents);
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  out.name = fmt::format("{} [{}]{}", inner.name.substr(0, extents), out.count, rest);
  return out;
}

Type TypeGraph::tagged(uint32_t index, const Record& record) {
  Tag tag = tag_of(record);
  if (tag.kind == 0) return {};
  if (tag.is_forward) {
    if (uint32_t whole = definition(index); whole != index) {
      if (auto found = records_.at(whole)) tag = tag_of(*found);
    }
  }
  Type out{.kind = TypeKind::class_, .name = tag.name, .size = tag.size};
  out.is_declaration = tag.is_forward;
  if (tag.kind == LF_UNION) out.kind = TypeKind::union_;
  if (tag.kind == LF_ENUM) {
    out.kind = TypeKind::enum_;
    out.target = id_of(tag.underlying);
    out.size = tag.underlying < kFirstRecordIndex ? simple_type(tag.underlying).size : 0;
  }
  return out;
}

uint32_t TypeGraph::lookup(const Tag& wanted) {
  // Types in functions are hashed by their unique names, all others by their names.
  for (std::string_view key :
       {std::string_view(wanted.name), std::string_view(wanted.unique_name)}) {
    if (key.empty()) continue;
    size_t tries = 0;
    for (uint32_t index : records_.with_hash(hash_of_name(key))) {
      if (++tries > kMostSameName) break;
      auto record = records_.at(index);
      if (!record) continue;
      Tag tag = tag_of(*record);
      if (tag.kind == 0 || tag.is_forward || tag.name != wanted.name) continue;
      if (!wanted.unique_name.empty() && tag.unique_name != wanted.unique_name) continue;
      return index;
    }
  }
  return 0;
}

uint32_t TypeGraph::definition(uint32_t index) {
  if (index < kFirstRecordIndex) return index;
  auto [slot, is_new] = definitions_.try_emplace(index, index);
  if (!is_new) return slot->second;
  auto record = records_.at(index);
  if (!record) return index;
  Tag tag = tag_of(*record);
  if (tag.kind == 0 || !tag.is_forward) return index;
  uint32_t whole = lookup(tag);
  return definitions_[index] = whole ? whole : index;
}

std::vector<uint32_t> TypeGraph::instances(std::string_view template_name) {
  constexpr size_t kHeader = 56;
  if (!templates_) {
    templates_.emplace();
    StreamBytes stream(*msf_, kTpiStream);
    uint32_t index = records_.first_index();
    Records all(stream.bytes(), std::min(kHeader, stream.bytes().size()));
    for (Record r; index < records_.end_index() && all.next(r); ++index) {
      Tag tag = tag_of(r);
      size_t arguments = tag.kind == 0 ? std::string::npos : tag.name.find('<');
      if (arguments == std::string::npos || arguments == 0 || tag.is_forward) continue;
      (*templates_)[std::string(tag.name.substr(0, arguments))].push_back(index);
    }
  }
  auto found = templates_->find(std::string(template_name));
  return found == templates_->end() ? std::vector<uint32_t>{} : found->second;
}

uint32_t TypeGraph::find(std::string_view name) { return lookup({.name = std::string(name)}); }

template <class Each>
void TypeGraph::each_field(uint32_t list, Each each) {
  size_t fields = 0;
  for (size_t lists = 0; list && lists < kMostContinuations; ++lists) {
    auto record = records_.at(list);
    if (!record || record->kind != LF_FIELDLIST) return;
    list = 0;
    Cursor cursor(record->data, "LF_FIELDLIST");
    for (Field field; fields < kMostFields && next_field(cursor, field); ++fields) {
      if (field.kind == LF_INDEX) list = field.type;
      each(field);
    }
  }
}

/// A bit field's type is a record that says which bits of which type.
void TypeGraph::set_bits(Member& member) {
  auto record = records_.at(static_cast<uint32_t>(member.type.value));
  if (!record || record->kind != LF_BITFIELD) return;
  Cursor cursor(record->data, "LF_BITFIELD");
  member.type = id_of(cursor.read<le32>());
  member.bit_size = cursor.read<u8>();
  member.bit_offset = cursor.read<u8>();
}

std::vector<Member> TypeGraph::members(uint32_t index) {
  auto record = records_.at(definition(index));
  std::vector<Member> out;
  if (!record) return out;
  each_field(tag_of(*record).fields, [&](const Field& field) {
    Member member{.type = id_of(field.type), .offset = static_cast<uint64_t>(field.number)};
    switch (field.kind) {
      case LF_BCLASS:
        member.is_base = true;
        break;
      case LF_VBCLASS:
      case LF_IVBCLASS:
        member.is_base = member.is_virtual_base = true;
        break;
      case LF_VFUNCTAB:
        member.name = "__vfptr";
        member.is_artificial = true;
        break;
      case LF_MEMBER:
        member.name = field.name;
        set_bits(member);
        break;
      default:
        return;
    }
    out.push_back(std::move(member));
  });
  std::stable_sort(out.begin(), out.end(), [](const Member& a, const Member& b) {
    if (a.is_base != b.is_base) return a.is_base;
    return !a.is_base && a.offset < b.offset;
  });
  return out;
}

std::vector<Enumerator> TypeGraph::enumerators(uint32_t index) {
  std::vector<Enumerator> out;
  auto record = records_.at(definition(index));
  if (!record || record->kind != LF_ENUM) return out;
  const Tag tag = tag_of(*record);
  const Type base = tag.underlying < kFirstRecordIndex ? simple_type(tag.underlying) : Type{};
  // Compilers write -1 of a short as 65535.
  const unsigned shift = base.size && base.size < 8 ? 64 - 8 * static_cast<unsigned>(base.size) : 0;
  const bool is_signed = base.encoding == Encoding::signed_ || base.name == "char";
  each_field(tag.fields, [&](const Field& field) {
    if (field.kind != LF_ENUMERATE) return;
    int64_t value = field.number;
    if (is_signed) value = static_cast<int64_t>(static_cast<uint64_t>(value) << shift) >> shift;
    out.push_back({std::string(field.name), value});
  });
  return out;
}

uint32_t TypeGraph::result_type(uint32_t function_type) {
  auto record = records_.at(function_type);
  if (!record || (record->kind != LF_PROCEDURE && record->kind != LF_MFUNCTION)) return 0;
  Cursor cursor(record->data, "type of a function");
  const uint32_t type = cursor.read<le32>();
  return cursor.failed() || type == kVoid ? 0 : type;
}

uint32_t TypeGraph::parameter_count(uint32_t function_type) {
  auto record = records_.at(function_type);
  if (!record) return 0;
  Cursor cursor(record->data, "type of a function");
  if (record->kind == LF_PROCEDURE) cursor.skip(4 + 2);
  if (record->kind == LF_MFUNCTION) cursor.skip(4 + 4 + 4 + 2);
  const bool is_function = record->kind == LF_PROCEDURE || record->kind == LF_MFUNCTION;
  return is_function ? static_cast<uint16_t>(cursor.read<le16>()) : 0;
}

}  // namespace inquest::symbols::pdb
