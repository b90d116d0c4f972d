#include "symbols/dwarf/dies.h"

#include <llvm/DebugInfo/DWARF/DWARFTypeUnit.h>
#include <vector>

#include "base/limits.h"
#include "symbols/dwarf/line_header.h"
#include "symbols/dwarf/object.h"

namespace inquest::symbols {

using namespace llvm::dwarf;

namespace {

constexpr int kMostHops = 16;  // of abstract origins and specifications

std::unique_ptr<llvm::DWARFContext> context_of(DwarfFile file) {
  return std::make_unique<llvm::DWARFContext>(std::make_unique<LazyObject>(std::move(file)), "",
                                              ignore, ignore);
}

bool is_alternate(Form form) {
  return form == DW_FORM_GNU_ref_alt || form == DW_FORM_ref_sup4 || form == DW_FORM_ref_sup8;
}

}  // namespace

Dies::Dies(const locate::ModuleFiles& files)
    : main_(context_of(DwarfFile::of(files))), splits_(files) {
  if (files.alt) alternate_ = context_of(DwarfFile(files.alt));
}

llvm::DWARFUnit* Dies::unit(uint64_t offset) {
  llvm::DWARFUnit* unit = main_->getNormalUnitsVector().getUnitForOffset(offset);
  if (!unit || unit->getOffset() != offset) return nullptr;
  touch(unit);
  return unit;
}

bool Dies::readable(const llvm::DWARFUnit& unit, UnitPart part) {
  auto& known = part == UnitPart::head ? readable_heads_ : readable_;
  auto [slot, is_new] = known.try_emplace(&unit);
  if (is_new) slot->second = lies_inside(unit, part);
  return slot->second;
}

llvm::DWARFDie Dies::head(llvm::DWARFUnit& unit) {
  return readable(unit, UnitPart::head) ? unit.getUnitDIE(true) : llvm::DWARFDie{};
}

llvm::ArrayRef<llvm::DWARFDebugInfoEntry> Dies::entries(llvm::DWARFUnit& unit) {
  if (!readable(unit, UnitPart::whole)) return {};
  auto all = unit.dies();
  if (all.begin() == all.end()) return {};
  return {&*all.begin(), static_cast<size_t>(all.end() - all.begin())};
}

llvm::DWARFDie Dies::die_at(llvm::DWARFUnit& unit, uint64_t offset) {
  if (!readable(unit, UnitPart::whole)) return {};
  llvm::DWARFDie die = unit.getDIEForOffset(offset);
  return die && !die.isNULL() ? die : llvm::DWARFDie{};
}

llvm::DWARFDie Dies::root(llvm::DWARFUnit& unit, std::string* missing_dwo) {
  touch(&unit);
  llvm::DWARFDie skeleton = head(unit);
  if (!skeleton) return {};
  std::string_view dwo = string(skeleton, DW_AT_dwo_name);
  if (dwo.empty()) dwo = string(skeleton, DW_AT_GNU_dwo_name);
  if (dwo.empty()) {
    return readable(unit, UnitPart::whole) ? unit.getUnitDIE(false) : llvm::DWARFDie{};
  }
  llvm::DWARFUnit* full = splits_.full(unit, dwo, string(skeleton, DW_AT_comp_dir));
  if (!full) {
    if (missing_dwo) *missing_dwo = dwo;
    return skeleton;
  }
  if (!readable(*full, UnitPart::whole)) return {};
  if (touched_splits_.insert(full).second) touched_bytes_ += full->getLength();
  return full->getUnitDIE(false);
}

bool Dies::sound(llvm::DWARFUnit& unit) {
  if (sound_.contains(&unit)) return true;
  if (!readable(unit, UnitPart::head)) return false;
  unit.clear();  // only a first reading tells
  if (llvm::Error error = unit.tryExtractDIEsIfNeeded(true)) {
    ignore(std::move(error));
    return false;
  }
  sound_.insert(&unit);
  return true;
}

const llvm::DWARFDebugLine::LineTable* Dies::lines(llvm::DWARFUnit& unit) {
  llvm::DWARFDie die = head(unit);
  auto offset = die ? toSectionOffset(die.find(DW_AT_stmt_list)) : std::nullopt;
  llvm::StringRef all = unit.getLineSection().Data;
  Bytes lines = std::as_bytes(std::span(all.data(), all.size()));
  if (!offset || !readable_line_header(lines, *offset)) return nullptr;
  auto table = unit.getContext().getLineTableForUnit(&unit, ignore);
  if (table) return *table;
  ignore(table.takeError());
  return nullptr;
}

llvm::DWARFDie Dies::referenced(const llvm::DWARFDie& die, Attribute attribute) {
  std::optional<llvm::DWARFFormValue> value = die.find(attribute);
  if (!value) return {};
  llvm::DWARFUnit* unit = nullptr;
  uint64_t offset = 0;
  if (is_alternate(value->getForm())) {
    offset = value->getRawUValue();
    if (alternate_) unit = alternate_->getNormalUnitsVector().getUnitForOffset(offset);
  } else if (auto signature = value->getAsSignatureReference()) {
    llvm::DWARFUnit* user = die.getDwarfUnit();
    llvm::DWARFTypeUnit* type =
        user->getContext().getTypeUnitForHash(user->getVersion(), *signature, user->isDWOUnit());
    if (type) offset = type->getOffset() + type->getTypeOffset();
    unit = type;
  } else if (auto relative = value->getAsRelativeReference()) {
    unit = die.getDwarfUnit();
    offset = unit->getOffset() + *relative;
  } else if (auto absolute = value->getAsDebugInfoReference()) {
    offset = *absolute;
    unit = die.getDwarfUnit()->getUnitVector().getUnitForOffset(offset);
  }
  llvm::DWARFDie target = unit ? die_at(*unit, offset) : llvm::DWARFDie{};
  if (!target) return {};
  if (target.getDwarfUnit() != die.getDwarfUnit()) touch(target.getDwarfUnit());
  return target;
}

std::string_view Dies::string(const llvm::DWARFDie& die, Attribute attribute) {
  std::optional<llvm::DWARFFormValue> value = die.find(attribute);
  if (!value) return {};
  if (value->getForm() == DW_FORM_GNU_strp_alt || value->getForm() == DW_FORM_strp_sup) {
    if (!alternate_) return {};
    llvm::StringRef all = alternate_->getDWARFObj().getStrSection();
    uint64_t begin = value->getRawUValue();
    if (begin >= all.size()) return {};
    size_t end = all.find('\0', begin);
    if (end == llvm::StringRef::npos) return {};
    return std::string_view(all.data() + begin, end - begin);
  }
  llvm::Expected<const char*> text = value->getAsCString();
  if (!text) {
    ignore(text.takeError());
    return {};
  }
  return *text ? std::string_view(*text) : std::string_view{};
}

std::string_view Dies::inherited_string(llvm::DWARFDie die, Attribute attribute) {
  for (int hop = 0; die && hop < kMostHops; ++hop) {
    if (std::string_view text = string(die, attribute); !text.empty()) return text;
    llvm::DWARFDie next = referenced(die, DW_AT_abstract_origin);
    die = next ? next : referenced(die, DW_AT_specification);
  }
  return {};
}

std::string Dies::scope(const llvm::DWARFDie& die) {
  std::vector<std::string_view> parts;
  llvm::DWARFDie parent = die.getParent();
  for (size_t depth = 0; parent && depth < kLimits.type_depth; ++depth) {
    switch (parent.getTag()) {
      case DW_TAG_namespace:
      case DW_TAG_module: {
        std::string_view name = inherited_string(parent, DW_AT_name);
        parts.push_back(name.empty() ? "(anonymous namespace)" : name);
        break;
      }
      case DW_TAG_class_type:
      case DW_TAG_structure_type:
      case DW_TAG_union_type:
      case DW_TAG_enumeration_type:
      case DW_TAG_interface_type: {
        // A class in a type unit of its own leaves a stub without a name where it is used.
        if (llvm::DWARFDie whole = referenced(parent, DW_AT_signature)) parent = whole;
        std::string_view name = string(parent, DW_AT_name);
        parts.push_back(name.empty() ? "(anonymous)" : name);
        // A class defined apart from its declaration stands in the declaration's scope.
        if (llvm::DWARFDie declared = referenced(parent, DW_AT_specification)) parent = declared;
        break;
      }
      case DW_TAG_subprogram:
        parts.push_back(inherited_string(parent, DW_AT_name));
        if (llvm::DWARFDie declared = referenced(parent, DW_AT_specification)) parent = declared;
        break;
      default:
        break;
    }
    parent = parent.getParent();
  }
  std::string text;
  for (size_t i = parts.size(); i-- > 0;) {
    if (parts[i].empty()) continue;
    text.append(parts[i]).append("::");
  }
  return text;
}

std::string Dies::qualified_name(const llvm::DWARFDie& die) {
  std::string_view name;
  llvm::DWARFDie last = die;
  for (int hop = 0; hop < kMostHops; ++hop) {
    if (name.empty()) name = string(last, DW_AT_name);
    llvm::DWARFDie next = referenced(last, DW_AT_abstract_origin);
    if (!next) next = referenced(last, DW_AT_specification);
    if (!next) next = referenced(last, DW_AT_signature);
    if (!next) break;
    last = next;
  }
  if (name.empty()) return {};
  return scope(last).append(name);
}

void Dies::touch(llvm::DWARFUnit* unit) {
  // Split units belong to their skeleton, which drops them.
  if (unit && !unit->isDWOUnit() && touched_.insert(unit).second)
    touched_bytes_ += unit->getLength();
}

void Dies::release() {
  for (llvm::DWARFUnit* unit : touched_) {
    unit->getContext().clearLineTableForUnit(unit);
    unit->clear();
  }
  touched_.clear();
  touched_splits_.clear();
  sound_.clear();
  readable_heads_.clear();
  readable_.clear();
  splits_.release();
  touched_bytes_ = 0;
}

}  // namespace inquest::symbols
