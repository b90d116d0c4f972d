#include "symbols/dwarf/variables.h"

#include <elf.h>

#include "base/limits.h"
#include "symbols/dwarf/expression.h"

namespace inquest::symbols {

using namespace llvm::dwarf;

namespace {

constexpr size_t kMostVariables = 1 << 14;

/// Where the program's own thread-local block begins, counted from the thread pointer; other
/// modules' blocks are found by the dynamic linker only.
std::optional<int64_t> tls_block(const elf::File* image) {
  if (!image) return {};
  bool is_program = image->type() == ET_EXEC;
  const elf::Segment* tls = nullptr;
  for (const elf::Segment& s : image->segments()) {
    if (s.type == PT_INTERP) is_program = true;
    if (s.type == PT_TLS) tls = &s;
  }
  if (!is_program || !tls) return {};
  uint64_t align = tls->align ? tls->align : 1;
  if ((align & (align - 1)) || tls->memory_size > INT32_MAX || align > INT32_MAX) return {};
  auto up = [&](uint64_t n) { return static_cast<int64_t>((n + align - 1) & ~(align - 1)); };
  // Variant II (x86) puts the block below the thread pointer, variant I (ARM) above two words.
  bool above = image->machine() == EM_AARCH64 || image->machine() == EM_ARM;
  return above ? up(image->is_64() ? 16 : 8) : -up(tls->memory_size);
}

class Scopes {
 public:
  Scopes(TypeStore& store, uint64_t vaddr, const FrameAccess& frame)
      : store_(store), vaddr_(vaddr), frame_(frame) {}

  std::vector<Variable> read(const llvm::DWARFDie& root);
  llvm::DWARFDie function_in(llvm::DWARFUnit& unit) const;

 private:
  bool holds(const llvm::DWARFDie& die) const;
  void read_scope(const llvm::DWARFDie& scope, uint32_t inline_depth, size_t depth);
  void add(const llvm::DWARFDie& die, uint32_t inline_depth);
  Bytes location(const llvm::DWARFDie& die, Attribute attribute);
  ExpressionContext context(llvm::DWARFUnit& unit);

  TypeStore& store_;
  uint64_t vaddr_;
  const FrameAccess& frame_;
  Bytes frame_base_;
  std::vector<std::vector<std::byte>> kept_;  // expressions that LLVM hands out by value
  std::vector<Variable> out_;
};

bool Scopes::holds(const llvm::DWARFDie& die) const {
  const auto* abbreviation = die.getAbbreviationDeclarationPtr();
  if (!abbreviation->findAttributeIndex(DW_AT_low_pc) &&
      !abbreviation->findAttributeIndex(DW_AT_ranges)) {
    return false;
  }
  auto ranges = die.getAddressRanges();
  if (!ranges) {
    ignore(ranges.takeError());
    return false;
  }
  for (const llvm::DWARFAddressRange& r : *ranges) {
    if (r.LowPC <= vaddr_ && vaddr_ < r.HighPC) return true;
  }
  return false;
}

llvm::DWARFDie Scopes::function_in(llvm::DWARFUnit& unit) const {
  for (const llvm::DWARFDebugInfoEntry& entry : store_.dies().entries(unit)) {
    if (entry.getTag() != DW_TAG_subprogram) continue;
    llvm::DWARFDie die(&unit, &entry);
    if (holds(die)) return die;
  }
  return {};
}

Bytes Scopes::location(const llvm::DWARFDie& die, Attribute attribute) {
  if (!die.find(attribute)) return {};
  auto all = die.getLocations(attribute);
  if (!all) {
    ignore(all.takeError());
    return {};
  }
  for (const llvm::DWARFLocationExpression& one : *all) {
    if (one.Range && (vaddr_ < one.Range->LowPC || vaddr_ >= one.Range->HighPC)) continue;
    auto raw = std::as_bytes(std::span(one.Expr.data(), one.Expr.size()));
    return kept_.emplace_back(raw.begin(), raw.end());
  }
  return {};
}

ExpressionContext Scopes::context(llvm::DWARFUnit& unit) {
  return {.frame = frame_,
          .address_size = unit.getAddressByteSize(),
          .offset_size = unit.getDwarfOffsetByteSize(),
          .version = unit.getVersion(),
          .indexed_address = [&unit](uint64_t index) -> std::optional<uint64_t> {
            if (index > UINT32_MAX) return {};
            auto item = unit.getAddrOffsetSectionItem(static_cast<uint32_t>(index));
            return item ? std::optional(item->Address) : std::nullopt;
          },
          .frame_base = frame_base_,
          .tls_block = tls_block(store_.files().image.get())};
}

void Scopes::add(const llvm::DWARFDie& die, uint32_t inline_depth) {
  if (die.find(DW_AT_declaration) || out_.size() >= kMostVariables) return;
  Dies& dies = store_.dies();
  Variable variable{.name = std::string(dies.inherited_string(die, DW_AT_name)),
                    .is_parameter = die.getTag() == DW_TAG_formal_parameter,
                    .inline_depth = inline_depth};
  llvm::DWARFDie origin = dies.referenced(die, DW_AT_abstract_origin);
  variable.is_artificial =
      die.find(DW_AT_artificial).has_value() || (origin && origin.find(DW_AT_artificial));
  variable.type = store_.id_of(store_.type_attribute(die));
  auto line = die.find(DW_AT_decl_line);
  if (!line && origin) line = origin.find(DW_AT_decl_line);
  variable.line = static_cast<uint32_t>(llvm::dwarf::toUnsigned(line, 0));
  if (auto constant = die.find(DW_AT_const_value)) {
    if (auto value = constant->getAsUnsignedConstant()) {
      variable.place = {.kind = Place::Kind::constant, .value = *value};
    } else if (auto negative = constant->getAsSignedConstant()) {
      variable.place = {.kind = Place::Kind::constant, .value = static_cast<uint64_t>(*negative)};
    }
  } else {
    variable.place = evaluate(location(die, DW_AT_location), context(*die.getDwarfUnit()));
  }
  if (variable.name.empty() && !variable.is_parameter) return;
  out_.push_back(std::move(variable));
}

void Scopes::read_scope(const llvm::DWARFDie& scope, uint32_t inline_depth, size_t depth) {
  if (depth > kLimits.type_depth) return;
  for (const llvm::DWARFDie& child : scope.children()) {
    switch (child.getTag()) {
      case DW_TAG_formal_parameter:
      case DW_TAG_variable:
        add(child, inline_depth);
        break;
      case DW_TAG_lexical_block:
      case DW_TAG_try_block:
      case DW_TAG_catch_block:
        if (holds(child)) read_scope(child, inline_depth, depth + 1);
        break;
      case DW_TAG_inlined_subroutine:
        if (holds(child)) read_scope(child, inline_depth + 1, depth + 1);
        break;
      default:
        break;
    }
  }
}

std::vector<Variable> Scopes::read(const llvm::DWARFDie& root) {
  llvm::DWARFDie function = function_in(*root.getDwarfUnit());
  if (!function) return {};
  frame_base_ = location(function, DW_AT_frame_base);
  read_scope(function, 0, 0);
  return std::move(out_);
}

}  // namespace

std::vector<Variable> variables_at(TypeStore& store, Rva rva, const FrameAccess& frame) {
  if (rva.value > UINT32_MAX) return {};
  llvm::DWARFDie root = store.root_at(static_cast<uint32_t>(rva.value));
  if (!root) return {};
  return Scopes(store, rva.value + store.layout().base(), frame).read(root);
}

llvm::DWARFDie result_type(TypeStore& store, Rva rva) {
  if (rva.value > UINT32_MAX) return {};
  llvm::DWARFDie root = store.root_at(static_cast<uint32_t>(rva.value));
  if (!root) return {};
  const FrameAccess none;
  Scopes scopes(store, rva.value + store.layout().base(), none);
  llvm::DWARFDie function = scopes.function_in(*root.getDwarfUnit());
  return function ? store.type_attribute(function) : function;
}

std::optional<uint64_t> fixed_address(TypeStore&, const llvm::DWARFDie& variable) {
  auto value = variable.find(DW_AT_location);
  auto block = value ? value->getAsBlock() : std::nullopt;
  if (!block) return {};
  FrameAccess nothing;
  llvm::DWARFUnit* unit = variable.getDwarfUnit();
  ExpressionContext context{.frame = nothing, .address_size = unit->getAddressByteSize()};
  context.indexed_address = [unit](uint64_t index) -> std::optional<uint64_t> {
    if (index > UINT32_MAX) return {};
    auto item = unit->getAddrOffsetSectionItem(static_cast<uint32_t>(index));
    return item ? std::optional(item->Address) : std::nullopt;
  };
  Place place = evaluate(std::as_bytes(std::span(block->data(), block->size())), context);
  if (place.kind != Place::Kind::memory) return {};
  return place.value;
}

}  // namespace inquest::symbols
