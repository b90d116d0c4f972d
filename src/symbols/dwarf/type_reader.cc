#include "symbols/dwarf/type_reader.h"

#include <algorithm>
#include <mutex>

#include "base/limits.h"
#include "symbols/dwarf/expression.h"
#include "symbols/dwarf/type_store.h"
#include "symbols/dwarf/variables.h"

namespace inquest::symbols {

using namespace llvm::dwarf;

namespace {

constexpr size_t kMostMembers = 1 << 16;

TypeKind kind_of(Tag tag) {
  switch (tag) {
    case DW_TAG_base_type:
      return TypeKind::base;
    case DW_TAG_pointer_type:
      return TypeKind::pointer;
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type:
      return TypeKind::reference;
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_interface_type:
      return TypeKind::class_;
    case DW_TAG_union_type:
      return TypeKind::union_;
    case DW_TAG_enumeration_type:
      return TypeKind::enum_;
    case DW_TAG_array_type:
      return TypeKind::array;
    case DW_TAG_subroutine_type:
      return TypeKind::function;
    case DW_TAG_typedef:
    case DW_TAG_template_alias:
      return TypeKind::typedef_;
    case DW_TAG_const_type:
    case DW_TAG_volatile_type:
    case DW_TAG_restrict_type:
    case DW_TAG_atomic_type:
    case DW_TAG_immutable_type:
      return TypeKind::qualified;
    case DW_TAG_ptr_to_member_type:
      return TypeKind::member_pointer;
    default:
      return TypeKind::unknown;
  }
}

Encoding encoding_of(uint64_t encoding) {
  switch (encoding) {
    case DW_ATE_boolean:
      return Encoding::boolean;
    case DW_ATE_signed:
      return Encoding::signed_;
    case DW_ATE_unsigned:
    case DW_ATE_address:
      return Encoding::unsigned_;
    case DW_ATE_float:
    case DW_ATE_complex_float:
    case DW_ATE_imaginary_float:
      return Encoding::floating;
    case DW_ATE_signed_char:
    case DW_ATE_unsigned_char:
      return Encoding::character;
    case DW_ATE_UTF:
      return Encoding::utf;
    default:
      return Encoding::none;
  }
}

/// All dimensions in one: the elements that the array has in all.
uint64_t element_count(const llvm::DWARFDie& array) {
  uint64_t total = 0;
  for (const llvm::DWARFDie& child : array.children()) {
    if (child.getTag() != DW_TAG_subrange_type) continue;
    auto count = toUnsigned(child.find(DW_AT_count));
    if (!count) {
      auto upper = toUnsigned(child.find(DW_AT_upper_bound));
      auto lower = toUnsigned(child.find(DW_AT_lower_bound), 0);
      if (!upper || *upper + 1 < lower) return 0;  // a flexible array, or one made at run time
      count = *upper + 1 - lower;
    }
    if (__builtin_mul_overflow(total ? total : 1, *count, &total)) return 0;
  }
  return total;
}

class DwarfTypes final : public TypeReader {
 public:
  DwarfTypes(const locate::ModuleFiles& files, ObjectAt object_at)
      : store_(files), object_at_(std::move(object_at)) {}

  Type type(TypeId id) const override;
  std::vector<Member> members(TypeId id) const override;
  std::vector<Enumerator> enumerators(TypeId id) const override;
  TypeId find(std::string_view qualified_name) const override;
  std::vector<Variable> variables_at(Rva rva, const FrameAccess& frame) const override;
  TypeId result_type(Rva rva) const override;
  std::optional<Global> global_at(Rva rva) const override;
  std::vector<Global> globals(std::string_view name) const override;
  std::vector<TypeId> instances(std::string_view template_name) const override;
  std::vector<TypeId> classes_of_size(uint64_t bytes) const override;
  void each_global(const std::function<void(const Global&)>& each) const override;

 private:
  llvm::DWARFDie begin(TypeId id) const {
    store_.trim();
    return store_.complete(store_.die_of(id));
  }
  uint64_t size_of(llvm::DWARFDie die, size_t depth = 0) const;
  Member member(const llvm::DWARFDie& die) const;
  std::optional<Global> global(const llvm::DWARFDie& die) const;
  void split_globals(std::vector<Global>& all) const;

  mutable std::mutex mutex_;
  mutable TypeStore store_;
  ObjectAt object_at_;
};

uint64_t DwarfTypes::size_of(llvm::DWARFDie die, size_t depth) const {
  if (!die || depth > kLimits.type_depth) return 0;
  die = store_.complete(die);
  if (auto size = toUnsigned(die.find(DW_AT_byte_size))) return *size;
  switch (kind_of(die.getTag())) {
    case TypeKind::pointer:
    case TypeKind::reference:
      return die.getDwarfUnit()->getAddressByteSize();
    case TypeKind::typedef_:
    case TypeKind::qualified:
    case TypeKind::enum_:
      return size_of(store_.dies().referenced(die, DW_AT_type), depth + 1);
    case TypeKind::member_pointer: {
      // The Itanium ABI: a pointer to data is one word, one to a function two.
      llvm::DWARFDie target = store_.dies().referenced(die, DW_AT_type);
      bool function = target && target.getTag() == DW_TAG_subroutine_type;
      return die.getDwarfUnit()->getAddressByteSize() * (function ? 2u : 1u);
    }
    case TypeKind::array: {
      uint64_t size = 0;
      uint64_t element = size_of(store_.dies().referenced(die, DW_AT_type), depth + 1);
      return __builtin_mul_overflow(element, element_count(die), &size) ? 0 : size;
    }
    default:
      return 0;
  }
}

Type DwarfTypes::type(TypeId id) const {
  std::lock_guard lock(mutex_);
  llvm::DWARFDie die = begin(id);
  if (!die) return {};
  Type out{.kind = kind_of(die.getTag()), .name = store_.name(die)};
  out.size = size_of(die);
  out.target = store_.id_of(store_.dies().referenced(die, DW_AT_type));
  if (out.kind == TypeKind::array) out.count = element_count(die);
  if (out.kind == TypeKind::base) {
    out.encoding = encoding_of(toUnsigned(die.find(DW_AT_encoding), 0));
  }
  out.is_declaration = die.find(DW_AT_declaration).has_value();
  return out;
}

Member DwarfTypes::member(const llvm::DWARFDie& die) const {
  Dies& dies = store_.dies();
  Member out{.name = std::string(dies.string(die, DW_AT_name))};
  llvm::DWARFDie type = dies.referenced(die, DW_AT_type);
  out.type = store_.id_of(type);
  out.is_base = die.getTag() == DW_TAG_inheritance;
  out.is_virtual_base = out.is_base && toUnsigned(die.find(DW_AT_virtuality), 0) != 0;
  out.is_artificial = die.find(DW_AT_artificial).has_value() || out.name.starts_with("_vptr");
  if (out.is_base) out.name.clear();
  if (auto location = die.find(DW_AT_data_member_location); location && !out.is_virtual_base) {
    if (auto offset = location->getAsUnsignedConstant()) {
      out.offset = *offset;
    } else if (auto block = location->getAsBlock()) {
      // "plus_uconst n" upon the object's address.
      std::vector<std::byte> expression{std::byte{DW_OP_lit0}};
      auto raw = std::as_bytes(std::span(block->data(), block->size()));
      expression.insert(expression.end(), raw.begin(), raw.end());
      FrameAccess nothing;
      out.offset = evaluate(expression, {.frame = nothing}).value;
    }
  }
  if (auto bits = toUnsigned(die.find(DW_AT_bit_size))) {
    out.bit_size = static_cast<uint32_t>(*bits);
    uint64_t first = out.offset * 8;
    if (auto at = toUnsigned(die.find(DW_AT_data_bit_offset))) {
      first += *at;
    } else if (auto from_top = toUnsigned(die.find(DW_AT_bit_offset))) {
      // DWARF 2 counts from the most significant bit of the storage unit.
      uint64_t unit = toUnsigned(die.find(DW_AT_byte_size)).value_or(size_of(type)) * 8;
      if (unit >= *from_top + *bits) first += unit - *from_top - *bits;
    }
    out.offset = first / 8;
    out.bit_offset = static_cast<uint32_t>(first % 8);
  }
  return out;
}

std::vector<Member> DwarfTypes::members(TypeId id) const {
  std::lock_guard lock(mutex_);
  std::vector<Member> out;
  llvm::DWARFDie die = begin(id);
  if (!die) return out;
  for (const llvm::DWARFDie& child : die.children()) {
    if (child.getTag() != DW_TAG_member && child.getTag() != DW_TAG_inheritance) continue;
    if (child.find(DW_AT_external) || child.find(DW_AT_declaration)) continue;  // static
    if (out.size() >= kMostMembers) break;
    out.push_back(member(child));
  }
  std::stable_sort(out.begin(), out.end(), [](const Member& a, const Member& b) {
    if (a.is_base != b.is_base) return a.is_base;
    if (a.is_base) return false;
    return a.offset != b.offset ? a.offset < b.offset : a.bit_offset < b.bit_offset;
  });
  return out;
}

std::vector<Enumerator> DwarfTypes::enumerators(TypeId id) const {
  std::lock_guard lock(mutex_);
  std::vector<Enumerator> out;
  llvm::DWARFDie die = begin(id);
  if (!die) return out;
  for (const llvm::DWARFDie& child : die.children()) {
    if (child.getTag() != DW_TAG_enumerator || out.size() >= kMostMembers) continue;
    auto value = child.find(DW_AT_const_value);
    if (!value) continue;
    int64_t number = 0;
    if (auto plain = value->getAsSignedConstant()) {
      number = *plain;
    } else if (auto large = value->getAsUnsignedConstant()) {
      number = static_cast<int64_t>(*large);
    }
    out.push_back({std::string(store_.dies().string(child, DW_AT_name)), number});
  }
  return out;
}

TypeId DwarfTypes::find(std::string_view qualified_name) const {
  std::lock_guard lock(mutex_);
  store_.trim();
  return store_.find(qualified_name);
}

std::vector<Variable> DwarfTypes::variables_at(Rva rva, const FrameAccess& frame) const {
  std::lock_guard lock(mutex_);
  store_.trim();
  return symbols::variables_at(store_, rva, frame);
}

TypeId DwarfTypes::result_type(Rva rva) const {
  std::lock_guard lock(mutex_);
  store_.trim();
  return store_.id_of(symbols::result_type(store_, rva));
}

std::optional<TypeReader::Global> DwarfTypes::global(const llvm::DWARFDie& die) const {
  auto address = fixed_address(store_, die);
  uint64_t base = store_.layout().base();
  if (!address || *address < base) return {};
  return Global{.name = store_.dies().qualified_name(die),
                .type = store_.id_of(store_.type_attribute(die)),
                .begin = {*address - base}};
}

std::optional<TypeReader::Global> DwarfTypes::global_at(Rva rva) const {
  if (rva.value > UINT32_MAX) return {};
  auto object = object_at_(static_cast<uint32_t>(rva.value));
  if (!object) return {};
  std::lock_guard lock(mutex_);
  store_.trim();
  std::optional<Global> found;
  store_.each_variable_at(object->begin + store_.layout().base(), [&](const llvm::DWARFDie& die) {
    if (die.getTag() != DW_TAG_variable) return true;
    auto candidate = global(die);
    if (candidate && candidate->begin.value == object->begin) found = std::move(candidate);
    return !found;
  });
  return found;
}

std::vector<TypeReader::Global> DwarfTypes::globals(std::string_view name) const {
  std::lock_guard lock(mutex_);
  store_.trim();
  size_t scope = name.rfind("::");
  std::string_view last = scope == std::string_view::npos ? name : name.substr(scope + 2);
  std::vector<Global> out;
  auto keep = [&](const llvm::DWARFDie& die) {
    auto candidate = global(die);
    if (!candidate) return;
    if (candidate->name != name && scope != std::string_view::npos) return;
    for (const Global& known : out) {
      if (known.begin == candidate->begin) return;
    }
    out.push_back(std::move(*candidate));
  };
  // What is named may be a declaration, such as a static member: its definition points to it.
  std::function<void(const llvm::DWARFDie&, int)> define = [&](const llvm::DWARFDie& die,
                                                               int depth) {
    if (die.find(DW_AT_location)) return keep(die);
    if (depth == 3) return;
    store_.each_definition_of(die, [&](const llvm::DWARFDie& definition) {
      define(definition, depth + 1);
      return true;
    });
  };
  int declarations = 0;
  store_.each_named(last, [&](const llvm::DWARFDie& die) {
    if (die.getTag() == DW_TAG_variable || die.getTag() == DW_TAG_member) {
      if (die.find(DW_AT_location) || ++declarations < 16) define(die, 0);
    }
    return out.size() < 64;
  });
  return out;
}

std::vector<TypeId> DwarfTypes::instances(std::string_view template_name) const {
  std::lock_guard lock(mutex_);
  std::vector<TypeId> out;
  for (uint64_t id : store_.index().instances(template_name)) out.push_back({id});
  return out;
}

std::vector<TypeId> DwarfTypes::classes_of_size(uint64_t bytes) const {
  std::lock_guard lock(mutex_);
  std::vector<TypeId> out;
  for (uint64_t id : store_.index().classes_of_size(bytes)) out.push_back({id});
  return out;
}

void DwarfTypes::each_global(const std::function<void(const Global&)>& each) const {
  std::vector<Global> all;
  {
    std::lock_guard lock(mutex_);
    store_.trim();
    const uint64_t base = store_.layout().base();
    for (const DieIndex::Variable& v : store_.index().variables) {
      if (!v.is_thread_local && v.address < base) continue;
      Global one{.name = v.name, .type = {v.type}, .begin = {v.address}};
      one.is_thread_local = v.is_thread_local;
      if (!v.is_thread_local) one.begin = {v.address - base};
      if (v.type == 0 || v.name.empty()) {
        // Said in another unit, or in a function's abstract description.
        store_.trim();
        llvm::DWARFDie die = store_.die_of({v.die});
        if (v.type == 0) one.type = store_.id_of(store_.type_attribute(die));
        if (v.name.empty() && die) one.name = store_.dies().qualified_name(die);
      }
      all.push_back(std::move(one));
    }
    split_globals(all);
  }
  for (const Global& one : all) each(one);
}

/// Of units whose rest lies in .dwo files: read whole.
void DwarfTypes::split_globals(std::vector<Global>& all) const {
  const std::vector<uint64_t> skeletons = store_.index().skeletons;
  for (uint64_t offset : skeletons) {
    store_.trim();
    store_.each_in_skeleton(offset, [&](const llvm::DWARFDie& die) {
      if (die.getTag() != DW_TAG_variable || !die.find(DW_AT_location)) return true;
      if (auto one = global(die)) all.push_back(std::move(*one));
      return true;
    });
  }
}

}  // namespace

std::unique_ptr<TypeReader> open_type_reader(const locate::ModuleFiles& files, ObjectAt object_at) {
  return std::make_unique<DwarfTypes>(files, std::move(object_at));
}

}  // namespace inquest::symbols
