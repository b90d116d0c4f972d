#include "objects/values.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "base/limits.h"
#include "objects/values/scalar.h"
#include "objects/values/text.h"

namespace inquest::objects {

using symbols::Encoding;
using symbols::Member;
using symbols::Type;
using symbols::TypeKind;

std::string type_name(ElementReader& reader, const ObjectType& type) {
  const Descriptions& all = reader.space().containers;
  std::string name = type.id ? all.plain_type(reader.type(type.id).name) : "void";
  if (type.pointers > 0) name += " " + std::string(type.pointers, '*');
  return name;
}

/// Builds the tree of one object.
class FieldBuilder {
 public:
  explicit FieldBuilder(ValueReader& reader)
      : elements_(reader.elements_), options_(reader.options_), target_of_(reader.target_of_) {}

  /// `depth`: levels that may still be gone down.
  Field field(std::string name, const TypedObject& object, size_t depth, uint32_t bit_size = 0,
              uint32_t bit_offset = 0) {
    Field out{.name = std::move(name), .at = object.at};
    out.type = type_name(elements_, object.type);
    out.size = elements_.size(object.type);
    ++made_;
    fill(out, object, depth, bit_size, bit_offset);
    return out;
  }

  /// A value of which the bytes are at hand.
  Field value(std::string name, const ObjectType& type, std::span<const std::byte> raw,
              size_t depth, uint32_t bit_size = 0, uint32_t bit_offset = 0) {
    Field out{.name = std::move(name)};
    out.type = type_name(elements_, type);
    out.size = elements_.size(type);
    ++made_;
    const Type plain = elements_.type(type.id);
    if (raw.size() < out.size) {
      out.note = "not all of it is known";
    } else if (is_pointer(type, plain)) {
      uint64_t to = 0;
      std::memcpy(&to, raw.data(), std::min<size_t>(raw.size(), elements_.space().pointer_size));
      points_to(out, to, pointee(type, plain), depth);
    } else if (plain.kind == TypeKind::base || plain.kind == TypeKind::enum_) {
      out.value = scalar_text(elements_, type.id, raw, bit_size, bit_offset);
    } else if (plain.kind == TypeKind::class_ || plain.kind == TypeKind::union_) {
      members_of_value(out, type, raw, depth);
    }
    return out;
  }

  void array(Field& out, ObjectType element, Address begin, uint64_t count, size_t depth) {
    const uint64_t size = elements_.size(element);
    if (count > 0 && size == 0) {
      out.note = "the size of its elements is not known";
      return;
    }
    if (unsigned unit = character_size(element))
      return text(out, begin, count, element, unit, true);
    if (out.value.empty()) out.value = counted(count);
    if (depth == 0) return;
    const uint64_t shown = std::min<uint64_t>(count, options_.width);
    for (uint64_t i = 0; i < shown && has_room(); ++i)
      out.fields.push_back(field(fmt::format("[{}]", i), {begin + i * size, element}, depth - 1));
    left_out(out, count);
  }

 private:
  bool has_room() const { return made_ < options_.fields; }

  static std::string counted(uint64_t count) {
    return count == 0 ? "empty" : fmt::format("{} element{}", count, count == 1 ? "" : "s");
  }
  static void add_note(Field& out, const std::string& note) {
    if (note.empty()) return;
    out.note += (out.note.empty() ? "" : "; ") + note;
  }
  void left_out(Field& out, uint64_t count) {
    if (out.fields.size() < count)
      add_note(out, fmt::format("{} more are not shown", count - out.fields.size()));
  }

  /// 0 when it is no character.
  unsigned character_size(const ObjectType& type) {
    if (type.pointers > 0 || !type.id) return 0;
    const Type& one = elements_.type(type.id);
    if (one.kind != TypeKind::base || one.size > 4 || one.size == 3) return 0;
    bool is_character = one.encoding == Encoding::character || one.encoding == Encoding::utf;
    // gcc's wchar_t is a signed number that has this name.
    if (!is_character && one.name != "wchar_t") return 0;
    return static_cast<unsigned>(one.size);
  }
  std::string_view prefix(const ObjectType& type, unsigned unit) {
    if (unit == 1) return "";
    if (elements_.type(type.id).name == "wchar_t") return "L";
    return unit == 2 ? "u" : "U";
  }

  /// `count` characters; of arrays only those before the first 0.
  void text(Field& out, Address at, uint64_t count, const ObjectType& type, unsigned unit,
            bool ends_at_zero) {
    std::vector<std::byte> bytes(std::min<uint64_t>(count, options_.text) * unit);
    const size_t had = elements_.space().memory.read(at, bytes);
    if (had < bytes.size()) {
      add_note(out, "the rest is not in the dump");
      if (had < unit) {
        out.value = bytes.empty() ? "\"\"" : kNotInDump;
        out.note.clear();
        return;
      }
    }
    bytes.resize(had / unit * unit);
    bool is_cut = count > options_.text;
    if (ends_at_zero) {
      for (size_t i = 0; i < bytes.size(); i += unit) {
        auto is_zero = [](std::byte b) { return b == std::byte{}; };
        if (!std::all_of(bytes.begin() + static_cast<ptrdiff_t>(i),
                         bytes.begin() + static_cast<ptrdiff_t>(i + unit), is_zero))
          continue;
        bytes.resize(i);
        is_cut = false;
        break;
      }
    }
    QuotedText quoted = quote(bytes, unit, prefix(type, unit), is_cut);
    out.value = std::move(quoted.literal);
    add_note(out, quoted.note);
    if (is_cut) add_note(out, fmt::format("{} characters", count));
  }

  void fill(Field& out, const TypedObject& object, size_t depth, uint32_t bit_size = 0,
            uint32_t bit_offset = 0) {
    const Type type = elements_.type(object.type.id);
    if (is_pointer(object.type, type)) return pointer(out, object, type, depth);
    switch (type.kind) {
      case TypeKind::array:
        return array(out, {type.target, 0}, object.at, type.count, depth);
      case TypeKind::class_:
      case TypeKind::union_:
        return class_(out, object, type, depth);
      case TypeKind::base:
      case TypeKind::enum_:
        out.value = scalar_text(elements_, object, bit_size, bit_offset);
        return;
      default:
        return raw(out, object);
    }
  }

  /// Of what has no layout: its words.
  void raw(Field& out, const TypedObject& object) {
    const unsigned size = elements_.space().pointer_size;
    auto word = elements_.space().memory.read_pointer(object.at, size);
    out.value = word ? fmt::format("{:#x}", *word) : kNotInDump;
    if (!object.type.id) out.note = "its type is not known";
  }

  void pointer(Field& out, const TypedObject& object, const Type& type, size_t depth) {
    auto value = elements_.space().memory.read_pointer(object.at, elements_.space().pointer_size);
    if (!value) {
      out.value = kNotInDump;
      return;
    }
    points_to(out, *value, pointee(object.type, type), depth);
  }

  static bool is_pointer(const ObjectType& type, const Type& plain) {
    return type.pointers > 0 || plain.kind == TypeKind::pointer ||
           plain.kind == TypeKind::reference;
  }
  static ObjectType pointee(const ObjectType& type, const Type& plain) {
    return type.pointers > 0 ? ObjectType{type.id, type.pointers - 1} : ObjectType{plain.target, 0};
  }

  void points_to(Field& out, uint64_t value, const ObjectType& to, size_t depth) {
    if (value == 0) {
      out.value = "null";
      return;
    }
    out.target = Address{value};
    out.value = fmt::format("{}", Address{value});
    if (unsigned unit = character_size(to)) {
      Field pointed;
      constexpr uint64_t kLongest = 1 << 16;
      text(pointed, {value}, kLongest, to, unit, true);
      if (pointed.value != kNotInDump) out.value += " " + pointed.value;
      if (pointed.note == "CP949") out.note = pointed.note;
      return;
    }
    if (target_of_) {
      std::string target = target_of_({value});
      if (!target.empty()) out.value += " " + target;
    }
    const bool is_object = to.pointers > 0 || elements_.type(to.id).kind == TypeKind::class_;
    if (options_.follow && depth > 0 && is_object) follow(out, {{value}, to}, depth);
  }

  /// What a pointer leads to; once, for objects point at each other.
  void follow(Field& out, const TypedObject& object, size_t depth) {
    auto key = std::pair(object.at.value, type_name(elements_, object.type));
    if (!followed_.insert(key).second) {
      add_note(out, "shown above");
      return;
    }
    if (has_room()) out.fields.push_back(field("*", object, depth - 1));
  }

  void class_(Field& out, const TypedObject& object, const Type& type, size_t depth) {
    if (type.is_declaration && elements_.members(object.type.id).empty()) {
      out.note = "debug information does not describe it";
      return;
    }
    ElementLimits limits{.elements = options_.width, .visited = options_.visited};
    if (auto held = elements_.elements(object, limits)) return container(out, *held, depth);
    if (depth == 0) {
      out.value = elements_.members(object.type.id).empty() ? "" : "{...}";
      return;
    }
    // Damaged debug information may say that a class is its own base.
    if (nesting_ >= kLimits.type_depth) return add_note(out, "nested too deeply");
    ++nesting_;
    members(out, object, depth);
    --nesting_;
  }

  void members(Field& out, const TypedObject& object, size_t depth) {
    for (const Member& member : elements_.members(object.type.id)) {
      if (!has_room()) return add_note(out, "the rest is not shown");
      if (member.is_artificial) continue;
      if (member.is_virtual_base) {
        out.fields.push_back({.name = type_name(elements_, {member.type, 0}),
                              .note = "virtual base: where it lies is not known",
                              .is_base = true});
        continue;
      }
      const TypedObject inner{object.at + member.offset, {member.type, 0}};
      // An empty base says nothing.
      if (member.is_base && elements_.members(member.type).empty()) continue;
      ++made_;
      Field one{.name = member.name, .at = inner.at, .is_base = member.is_base};
      one.type = type_name(elements_, inner.type);
      one.size = elements_.size(inner.type);
      if (member.is_base) one.name = one.type;
      // Bases and anonymous members are on the level of what they are in.
      fill(one, inner, member.name.empty() ? depth : depth - 1, member.bit_size, member.bit_offset);
      out.fields.push_back(std::move(one));
    }
  }

  void members_of_value(Field& out, const ObjectType& type, std::span<const std::byte> raw,
                        size_t depth) {
    if (depth == 0 || nesting_ >= kLimits.type_depth) {
      out.value = "{...}";
      return;
    }
    ++nesting_;
    for (const Member& member : elements_.members(type.id)) {
      if (!has_room()) break;
      const uint64_t size = elements_.size({member.type, 0});
      if (member.is_artificial || member.is_virtual_base || size == 0) continue;
      if (member.offset > raw.size() || size > raw.size() - member.offset) continue;
      std::string name = member.is_base ? type_name(elements_, {member.type, 0}) : member.name;
      out.fields.push_back(value(std::move(name), {member.type, 0}, raw.subspan(member.offset),
                                 member.name.empty() ? depth : depth - 1, member.bit_size,
                                 member.bit_offset));
      out.fields.back().is_base = member.is_base;
    }
    --nesting_;
  }

  void container(Field& out, const Elements& held, size_t depth) {
    out.type = held.name;
    add_note(out, held.damage);
    if (held.holds == Holds::text) {
      unsigned unit = character_size(held.text_type);
      if (unit == 0)
        unit = static_cast<unsigned>(std::min<uint64_t>(elements_.size(held.text_type), 4));
      if (unit == 0 || unit == 3) return;
      text(out, held.text_at, held.count.value_or(0), held.text_type, unit, false);
      return;
    }
    if (held.holds == Holds::value) {
      one_value(out, held, depth);
    } else {
      several(out, held, depth);
    }
    for (const auto& shown : held.shown) {
      if (shown.is_pointer && shown.value != 0) {
        Address at{static_cast<uint64_t>(shown.value)};
        std::string name = elements_.space().code_name ? elements_.space().code_name(at) : "";
        add_note(out,
                 fmt::format("{} {}", shown.name, name.empty() ? fmt::format("{}", at) : name));
      } else if (!shown.is_pointer) {
        add_note(out, fmt::format("{} {}", shown.name, shown.value));
      }
    }
  }

  void one_value(Field& out, const Elements& held, size_t depth) {
    if (held.elements.empty()) {
      if (held.damage.empty()) out.value = "empty";
      return;
    }
    const TypedObject& object = held.elements.front().object;
    auto key = std::pair(object.at.value, type_name(elements_, object.type));
    const bool is_inside = out.size != 0 && object.at - out.at < out.size;
    if (!is_inside) {
      out.target = object.at;
      out.value = fmt::format("{}", object.at);
      if (!followed_.insert(key).second) return add_note(out, "shown above");
    }
    // A number or a text stands beside the name; what has fields is a level below.
    Field inner = field("value", object, depth == 0 ? 0 : depth - 1);
    if (inner.fields.empty()) {
      if (is_inside) {
        out.value = inner.value;
      } else if (!inner.value.empty() && inner.value != "{...}") {
        out.value += " " + inner.value;
      }
      add_note(out, inner.note);
    } else if (depth > 0 && has_room()) {
      out.fields.push_back(std::move(inner));
    }
  }

  void several(Field& out, const Elements& held, size_t depth) {
    const uint64_t count = held.count && held.damage.empty() ? *held.count : held.found;
    out.value = counted(count);
    if (depth == 0) return;
    for (size_t i = 0; i < held.elements.size() && has_room(); ++i) {
      const Element& element = held.elements[i];
      std::string name = fmt::format("[{}]", i);
      if (element.bit) {
        out.fields.push_back({.name = name,
                              .type = "bool",
                              .value = *element.bit ? "true" : "false",
                              .at = element.object.at});
        ++made_;
        continue;
      }
      if (element.key && element.mapped) {
        Field key = field("key", *element.key, 0);
        // A key that is one value names its element.
        if (key.fields.empty() && !key.value.empty() && key.value != "{...}") {
          out.fields.push_back(field("[" + key.value + "]", *element.mapped, depth - 1));
          continue;
        }
      }
      out.fields.push_back(field(name, element.object, depth - 1));
    }
    left_out(out, count);
    if (!held.count && held.found >= options_.visited) out.value = "more than " + out.value;
  }

  ElementReader& elements_;
  const ValueOptions& options_;
  const std::function<std::string(Address)>& target_of_;
  size_t made_ = 0, nesting_ = 0;
  std::set<std::pair<uint64_t, std::string>> followed_;  // address, type
};

ValueReader::ValueReader(const ObjectSpace& space, const ValueOptions& options,
                         std::function<std::string(Address)> target_of)
    : elements_(space), options_(options), target_of_(std::move(target_of)) {
  options_.depth = std::min<size_t>(options_.depth, 64);
}

Field ValueReader::read(const TypedObject& object) {
  return FieldBuilder(*this).field({}, object, options_.depth);
}

Field ValueReader::read_member(const TypedObject& object, uint32_t bit_size, uint32_t bit_offset) {
  return FieldBuilder(*this).field({}, object, options_.depth, bit_size, bit_offset);
}

Field ValueReader::read_value(const ObjectType& type, std::span<const std::byte> raw) {
  return FieldBuilder(*this).value({}, type, raw, options_.depth);
}

Field ValueReader::read_array(const TypedObject& first, uint64_t count) {
  Field out{.at = first.at};
  out.type = fmt::format("{} [{}]", type_name(elements_, first.type), count);
  out.size = elements_.size(first.type) * count;
  FieldBuilder(*this).array(out, first.type, first.at, count, options_.depth);
  return out;
}

}  // namespace inquest::objects
