#include "objects/types/rtti.h"

#include <algorithm>

#include "base/limits.h"
#include "symbols/symbols.h"

namespace inquest::objects {
namespace {

constexpr uint32_t kMostBases = 256;
constexpr int kDeepest = 32;
constexpr int kMostVisits = 512;

/// Type names are identifiers: letters, digits, '_', and '*' before a local one.
bool is_type_name(std::string_view name) {
  if (name.empty()) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           c == '.' || c == '*' || c == '$';
  });
}

enum class Shape { plain, single, several, unknown };

/// By the symbol of the type_info's own virtual table.
Shape shape_by_symbol(const RttiInput& input, Address vptr) {
  if (!input.linkage_at) return Shape::unknown;
  const std::string linkage = input.linkage_at(vptr);
  if (linkage.find("__si_class_type_info") != std::string::npos) return Shape::single;
  if (linkage.find("__vmi_class_type_info") != std::string::npos) return Shape::several;
  if (linkage.find("type_info") != std::string::npos) return Shape::plain;
  return Shape::unknown;
}

bool is_type_info(const RttiInput& input, Address at) {
  auto name = input.process.memory.read<uint64_t>(at + 8);
  if (!name || !input.process.memory.has(Address{*name})) return false;
  auto text = input.process.memory.read_string(Address{*name}, kLimits.string_bytes);
  return text && is_type_name(*text);
}

void read_bases(const RttiInput& input, RttiType& type, Shape shape) {
  const auto& memory = input.process.memory;
  if (shape == Shape::unknown) {
    // Without symbols of the C++ runtime: a single base is a pointer to a type_info; several bases
    // have small numbers there.
    auto word = memory.read<uint64_t>(type.at + 16);
    if (!word) return;
    uint32_t flags = static_cast<uint32_t>(*word), count = static_cast<uint32_t>(*word >> 32);
    auto first = memory.read<uint64_t>(type.at + 24);
    if (is_type_info(input, Address{*word})) {
      shape = Shape::single;
    } else if (flags < 4 && count > 0 && count <= kMostBases && first &&
               is_type_info(input, Address{*first})) {
      shape = Shape::several;
    } else {
      return;
    }
  }
  type.is_class = true;
  if (shape == Shape::single) {
    if (auto base = memory.read<uint64_t>(type.at + 16)) type.bases.push_back({Address{*base}});
  } else if (shape == Shape::several) {
    auto count = memory.read<uint32_t>(type.at + 20);
    if (!count || *count > kMostBases) return;
    for (uint32_t i = 0; i < *count; ++i) {
      auto base = memory.read<uint64_t>(type.at + 24 + 16 * i);
      auto flags = memory.read<int64_t>(type.at + 32 + 16 * i);
      if (!base || !flags) return;
      type.bases.push_back({Address{*base}, *flags >> 8, (*flags & 1) != 0});
    }
  }
}

std::optional<Address> search(const RttiInput& input, Address object, const RttiType& type,
                              std::string_view mangled, int depth, int& visits) {
  if (type.mangled == mangled) return object;
  if (depth > kDeepest || ++visits > kMostVisits) return {};
  for (const auto& base : type.bases) {
    Address at = object + static_cast<uint64_t>(base.offset);
    if (base.is_virtual) {
      auto vptr = input.process.memory.read<uint64_t>(object);
      if (!vptr) continue;
      auto offset =
          input.process.memory.read<int64_t>(Address{*vptr} + static_cast<uint64_t>(base.offset));
      if (!offset) continue;
      at = object + static_cast<uint64_t>(*offset);
    }
    auto info = read_type_info(input, base.type);
    if (!info) continue;
    if (auto found = search(input, at, *info, mangled, depth + 1, visits)) return found;
  }
  return {};
}

}  // namespace

std::optional<RttiType> read_type_info(const RttiInput& input, Address at) {
  if (snapshot::pointer_size(input.process.arch) != 8 || at.value % 8 != 0) return {};
  const auto& memory = input.process.memory;
  auto vptr = memory.read<uint64_t>(at);
  auto name_at = memory.read<uint64_t>(at + 8);
  if (!vptr || !name_at) return {};
  RttiType type;
  type.at = at;
  auto name = memory.read_string(Address{*name_at}, kLimits.string_bytes);
  if (!name || !is_type_name(*name)) return {};
  // A leading '*' marks a name that is compared by address only.
  if (name->front() == '*') name->erase(0, 1);
  type.mangled = *name;
  type.name = symbols::demangle("_ZTS" + *name);
  constexpr std::string_view kPrefix = "typeinfo name for ";
  if (type.name.starts_with(kPrefix)) {
    type.name.erase(0, kPrefix.size());
  } else {
    type.name = *name;
  }
  read_bases(input, type, shape_by_symbol(input, Address{*vptr}));
  return type;
}

std::optional<RttiType> type_of_vtable(const RttiInput& input, Address vptr) {
  if (snapshot::pointer_size(input.process.arch) != 8 || vptr.value % 8 != 0 || vptr.value < 16) {
    return {};
  }
  auto info = input.process.memory.read<uint64_t>(vptr - 8);
  auto to_top = input.process.memory.read<int64_t>(vptr - 16);
  if (!info || *info == 0 || !to_top || *to_top > 0 || *to_top < -(int64_t{1} << 32)) return {};
  return read_type_info(input, Address{*info});
}

std::optional<Address> find_base(const RttiInput& input, Address object, const RttiType& type,
                                 std::string_view mangled) {
  int visits = 0;
  return search(input, object, type, mangled, 0, visits);
}

}  // namespace inquest::objects
