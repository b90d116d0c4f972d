#include "objects/types/parts.h"

#include "base/limits.h"

namespace inquest::objects {
namespace {

using symbols::TypeKind;

constexpr size_t kMostPartSteps = 4096;

class PartSearch {
 public:
  PartSearch(TypeTable& types, const symbols::TypeReader& reader, TypeIndex inner)
      : types_(types), reader_(reader), inner_(inner) {}

  bool look(symbols::TypeId id, uint64_t offset, size_t depth) {
    if (depth > kLimits.type_depth || ++steps_ > kMostPartSteps) return false;
    const symbols::TypeId plain = reader_.resolve(id);
    const symbols::Type type = reader_.type(plain);
    if (offset == 0 && types_.index_of(&reader_, plain) == inner_) return true;
    if (type.kind == TypeKind::array) {
      const uint64_t size = reader_.type(reader_.resolve(type.target)).size;
      if (size == 1) return true;  // bytes
      return size != 0 && look(type.target, offset % size, depth + 1);
    }
    if (type.kind != TypeKind::class_ && type.kind != TypeKind::union_) return false;
    for (const symbols::Member& member : reader_.members(plain)) {
      if (member.is_virtual_base || member.bit_size != 0 || member.offset > offset) continue;
      const uint64_t size = reader_.type(reader_.resolve(member.type)).size;
      if (offset - member.offset >= size) continue;
      if (look(member.type, offset - member.offset, depth + 1)) return true;
    }
    return false;
  }

 private:
  TypeTable& types_;
  const symbols::TypeReader& reader_;
  TypeIndex inner_;
  size_t steps_ = 0;
};

}  // namespace

bool may_hold(TypeTable& types, TypeIndex outer, uint64_t offset, TypeIndex inner) {
  if (outer == inner && offset == 0) return true;
  const TypeInfo info = types.types()[outer];
  return info.reader && PartSearch(types, *info.reader, inner).look(info.id, offset, 0);
}

}  // namespace inquest::objects
