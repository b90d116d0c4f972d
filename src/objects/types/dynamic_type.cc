#include "objects/types/dynamic_type.h"

#include "objects/types/microsoft_rtti.h"

namespace inquest::objects {
namespace {

constexpr uint64_t kFarthestBegin = 1 << 20;

std::optional<DynamicType> itanium_type(const RttiInput& input, Address at, Address vptr,
                                        unsigned word_size) {
  auto type = type_of_vtable(input, vptr);
  if (!type) return {};
  // Two words in front of the table's address: where the full object begins (2.5.2).
  auto top = input.process.memory.read_pointer(vptr - 2 * word_size, word_size);
  return DynamicType{std::move(type->name), at + top.value_or(0)};
}

std::optional<DynamicType> microsoft_type(const RttiInput& input, Address at, Address vptr) {
  auto type = microsoft_class(input.process, vptr);
  if (!type) return {};
  // While a virtual base's constructor runs, the object is not yet where it will be.
  uint64_t displacement = 0;
  if (type->displacement_at != 0) {
    auto value = input.process.memory.read<int32_t>(at - type->displacement_at);
    displacement = static_cast<uint64_t>(int64_t{value.value_or(0)});
  }
  return DynamicType{std::move(type->name), at - type->offset - displacement};
}

}  // namespace

std::optional<DynamicType> dynamic_type(const RttiInput& input, Address at) {
  const unsigned word_size = snapshot::pointer_size(input.process.arch);
  auto vptr = input.process.memory.read_pointer(at, word_size);
  if (!vptr || *vptr % word_size != 0 || !input.process.module_at({*vptr})) return {};
  auto type = microsoft_type(input, at, {*vptr});
  // mingw's programs have the Itanium ABI on Windows.
  if (!type) type = itanium_type(input, at, {*vptr}, word_size);
  if (!type || type->begin > at || at - type->begin > kFarthestBegin) return {};
  return type;
}

}  // namespace inquest::objects
