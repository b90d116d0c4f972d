#include "query/variable_value.h"

#include <bit>
#include <cstring>

#include "base/limits.h"

namespace inquest::query {
namespace {

using symbols::Encoding;
using symbols::TypeKind;

int64_t with_sign(uint64_t raw, uint64_t size) {
  if (size == 0 || size >= 8) return static_cast<int64_t>(raw);
  unsigned unused = 64 - static_cast<unsigned>(size) * 8;
  return static_cast<int64_t>(raw << unused) >> unused;
}

uint64_t cut(uint64_t raw, uint64_t size) {
  if (size == 0 || size >= 8) return raw;
  return raw & ((uint64_t{1} << size * 8) - 1);
}

std::string floating_text(uint64_t raw, uint64_t size) {
  if (size == 4) return fmt::format("{}", std::bit_cast<float>(static_cast<uint32_t>(raw)));
  if (size == 8) return fmt::format("{}", std::bit_cast<double>(raw));
  return {};
}

std::string base_text(const symbols::Type& type, uint64_t raw) {
  switch (type.encoding) {
    case Encoding::boolean:
      return cut(raw, type.size) != 0 ? "true" : "false";
    case Encoding::floating:
      return floating_text(raw, type.size);
    case Encoding::signed_:
      return fmt::format("{}", with_sign(raw, type.size));
    case Encoding::character: {
      uint64_t code = cut(raw, type.size);
      bool is_shown = code >= 0x20 && code < 0x7F;
      return is_shown ? fmt::format("'{}'", static_cast<char>(code)) : fmt::format("{}", code);
    }
    case Encoding::none:
    case Encoding::unsigned_:
    case Encoding::utf:
      break;
  }
  return fmt::format("{}", cut(raw, type.size));
}

std::string enumerator_text(const symbols::TypeReader& types, symbols::TypeId id,
                            const symbols::Type& type, uint64_t raw) {
  int64_t value = with_sign(raw, type.size);
  for (const symbols::Enumerator& one : types.enumerators(id)) {
    if (one.value == value || one.value == static_cast<int64_t>(cut(raw, type.size))) {
      return one.name;
    }
  }
  return fmt::format("{}", value);
}

std::string name_within(const symbols::TypeReader& types, symbols::TypeId id, size_t depth) {
  if (depth > kLimits.type_depth) return {};
  symbols::Type type = types.type(id);
  if (!type.name.empty()) return type.name;
  if (type.kind == TypeKind::pointer) {
    return (type.target ? name_within(types, type.target, depth + 1) : "void") + "*";
  }
  if (type.kind == TypeKind::reference) return name_within(types, type.target, depth + 1) + "&";
  if (type.kind == TypeKind::qualified) return name_within(types, type.target, depth + 1);
  if (type.kind == TypeKind::array) {
    return fmt::format("{}[{}]", name_within(types, type.target, depth + 1), type.count);
  }
  return {};
}

}  // namespace

std::optional<uint64_t> raw_value(const symbols::Place& place, uint64_t size,
                                  const snapshot::Memory& memory, const unwind::Frame& frame) {
  switch (place.kind) {
    case symbols::Place::Kind::constant:
      return place.value;
    case symbols::Place::Kind::in_register:
      return frame.registers.get(place.reg);
    case symbols::Place::Kind::memory: {
      uint64_t raw = 0;
      size_t wanted = size > sizeof raw ? sizeof raw : size;
      auto out = std::as_writable_bytes(std::span(&raw, 1)).first(wanted);
      if (wanted == 0 || memory.read({place.value}, out) != wanted) return {};
      return raw;
    }
    case symbols::Place::Kind::optimised_out:
      break;
  }
  return {};
}

VariableValue value_of(const symbols::TypeReader& types, symbols::TypeId id, uint64_t raw) {
  symbols::TypeId plain = types.resolve(id);
  symbols::Type type = types.type(plain);
  switch (type.kind) {
    case TypeKind::base:
      return {.text = base_text(type, raw)};
    case TypeKind::enum_:
      return {.text = enumerator_text(types, plain, type, raw)};
    case TypeKind::pointer:
    case TypeKind::reference: {
      uint64_t to = cut(raw, type.size);
      return {.text = fmt::format("{}", Address{to}), .pointer = to};
    }
    default:
      return {};
  }
}

std::string type_name(const symbols::TypeReader& types, symbols::TypeId type) {
  return type ? name_within(types, type, 0) : std::string();
}

}  // namespace inquest::query
