#include "symbols/dwarf/die_reader.h"

#include <algorithm>
#include <llvm/BinaryFormat/Dwarf.h>

namespace inquest::symbols::die_index {

using namespace llvm::dwarf;

namespace {

constexpr size_t kMostIndexed = 32 << 20;  // variables or definitions
constexpr size_t kDeepestScope = 512;

/// Whether the DIE says anything that is wanted here.
bool is_wanted(const Abbreviation& abbreviation) {
  switch (abbreviation.tag) {
    case DW_TAG_namespace:
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
    case DW_TAG_enumeration_type:
    case DW_TAG_interface_type:
    case DW_TAG_typedef:
    case DW_TAG_base_type:
    case DW_TAG_subprogram:
      return true;
    case DW_TAG_variable:
      return abbreviation.has_location || abbreviation.is_declared;
    case DW_TAG_member:
      return abbreviation.is_declared;
    default:
      return false;
  }
}

}  // namespace

const std::vector<Abbreviation>& DieReader::abbreviations(const UnitPlace& unit) {
  // Sizes depend on version and address size, which hardly ever differ within a file.
  const uint64_t key = unit.abbreviations << 8 |
                       static_cast<uint64_t>(unit.parameters.version & 7) << 5 |
                       static_cast<uint64_t>(unit.parameters.address_size == 8) << 4 |
                       static_cast<uint64_t>(unit.parameters.offset_size == 8);
  if (tables_.size() > 64) tables_.clear();
  auto [slot, is_new] = tables_.try_emplace(key);
  if (is_new) {
    slot->second = read_abbreviations(abbreviation_bytes_, unit.abbreviations, unit.parameters);
  }
  return slot->second;
}

DieReader::Die DieReader::read_die(Cursor& cursor, const Abbreviation& abbreviation) {
  Die die;
  for (const Abbreviation::Attribute& a : abbreviation.attributes) {
    switch (a.name) {
      case DW_AT_name:
        die.name = value(cursor, a.form, a.implicit, true).text;
        break;
      case DW_AT_type:
        die.type = reference(value(cursor, a.form, a.implicit, false));
        break;
      case DW_AT_specification:
      case DW_AT_abstract_origin:
        die.origin = reference(value(cursor, a.form, a.implicit, false));
        break;
      case DW_AT_declaration:
        die.is_declaration = value(cursor, a.form, a.implicit, false).number != 0;
        break;
      case DW_AT_byte_size:
        die.size = value(cursor, a.form, a.implicit, false).number;
        break;
      case DW_AT_signature:
        die.has_signature = true;
        value(cursor, a.form, a.implicit, false);
        break;
      case DW_AT_location:
        die.location = value(cursor, a.form, a.implicit, false).block;
        break;
      default:
        value(cursor, a.form, a.implicit, false);
    }
  }
  return die;
}

void DieReader::take_unit_head(Cursor& cursor, const Abbreviation& abbreviation) {
  for (const Abbreviation::Attribute& a : abbreviation.attributes) {
    const Value v = value(cursor, a.form, a.implicit, false);
    if (a.name == DW_AT_str_offsets_base) string_base_ = v.number;
    if (a.name == DW_AT_addr_base || a.name == DW_AT_GNU_addr_base) address_base_ = v.number;
    is_skeleton_ |= a.name == DW_AT_dwo_name || a.name == DW_AT_GNU_dwo_name;
  }
}

std::string DieReader::scope_name() const {
  std::string text;
  for (const Scope& scope : scopes_) {
    if (scope.is_named) text.append(scope.name).append("::");
  }
  return text;
}

void DieReader::take_variable(uint64_t at, const Abbreviation& abbreviation, const Die& die) {
  DieIndex::Variable variable{.die = unit_->section->space | at};
  if (!place(die.location, variable)) {
    // Definitions of static members come later and point here.
    if (!abbreviation.is_declared || die.name.empty() || declared_.size() > kMostIndexed) return;
    declared_.try_emplace(at, Declared{scope_name() + std::string(die.name), die.type});
    return;
  }
  variable.type = die.type;
  if (!die.name.empty()) variable.name = scope_name() + std::string(die.name);
  if (die.origin != 0) {
    auto declared = declared_.find((die.origin ^ unit_->section->space));
    if (declared != declared_.end()) {
      if (variable.name.empty()) variable.name = declared->second.name;
      if (variable.type == 0) variable.type = declared->second.type;
    }
  }
  if (out_.variables.size() < kMostIndexed) out_.variables.push_back(std::move(variable));
}

void DieReader::take_type(uint64_t at, const Abbreviation& abbreviation, const Die& die) {
  uint64_t scope = scopes_.empty() ? kOffsetBasis : scopes_.back().hash;
  std::string_view name = die.name;
  if (die.origin != 0 && name.empty()) {
    // Declared in one scope, defined in another.
    auto declared = declared_.find(die.origin ^ unit_->section->space);
    if (declared != declared_.end()) {
      scope = declared->second.scope_hash;
      name = declared->second.last;
    }
  }
  next_ = {.hash = scope, .name = name.empty() ? "(anonymous)" : name, .is_named = true};
  next_.hash = hash_on(hash_on(scope, next_.name), "::");
  if (name.empty() || die.has_signature) return;
  if (die.is_declaration) {
    if (declared_.size() <= kMostIndexed) {
      declared_.try_emplace(at, Declared{.scope_hash = scope, .last = name});
    }
    return;
  }
  if (out_.types.size() >= kMostIndexed) return;
  const uint64_t id = unit_->section->space | at;
  const uint64_t hash = hash_on(scope, name);
  out_.types.push_back({hash, id});
  const bool is_class =
      abbreviation.tag == DW_TAG_class_type || abbreviation.tag == DW_TAG_structure_type;
  if (is_class && die.size != 0) out_.classes.push_back({die.size, id});
  size_t arguments = name.find('<');
  if (arguments != std::string_view::npos && arguments > 0 && abbreviation.tag != DW_TAG_typedef) {
    out_.templates.push_back({hash_on(scope, name.substr(0, arguments)), id});
  }
}

void DieReader::take_die(uint64_t at, const Abbreviation& abbreviation, const Die& die) {
  switch (abbreviation.tag) {
    case DW_TAG_namespace:
      next_.name = die.name.empty() ? "(anonymous namespace)" : die.name;
      next_.hash = hash_on(hash_on(next_.hash, next_.name), "::");
      next_.is_named = true;
      break;
    case DW_TAG_subprogram:
      if (die.name.empty()) break;
      next_.name = die.name;
      next_.hash = hash_on(hash_on(next_.hash, next_.name), "::");
      next_.is_named = true;
      break;
    case DW_TAG_variable:
    case DW_TAG_member:
      take_variable(at, abbreviation, die);
      break;
    default:
      take_type(at, abbreviation, die);
  }
}

void DieReader::read(const UnitPlace& unit) {
  unit_ = &unit;
  string_base_ = address_base_ = 0;
  is_skeleton_ = false;
  scopes_.clear();
  declared_.clear();
  const std::vector<Abbreviation>& table = abbreviations(unit);
  Cursor cursor(unit.section->info.first(unit.end), ".debug_info");
  cursor.seek(unit.first_die);
  bool is_first = true;
  while (!cursor.at_end()) {
    const uint64_t at = cursor.position();
    const uint64_t code = cursor.uleb128();
    if (code == 0) {
      if (scopes_.empty()) break;
      scopes_.pop_back();
      continue;
    }
    if (code >= table.size() || table[code].tag == 0) return;
    const Abbreviation& abbreviation = table[code];
    if (abbreviation.has_children) {
      next_ = {.hash = scopes_.empty() ? kOffsetBasis : scopes_.back().hash};
    }
    if (is_first) {
      is_first = false;
      take_unit_head(cursor, abbreviation);
      if (is_skeleton_) {
        out_.skeletons.push_back(unit.offset);
        return;
      }
      if (!abbreviation.has_children) return;
      scopes_.push_back({});
      continue;
    }
    if (is_wanted(abbreviation)) {
      next_ = {.hash = scopes_.empty() ? kOffsetBasis : scopes_.back().hash};
      take_die(at, abbreviation, read_die(cursor, abbreviation));
    } else if (abbreviation.is_fixed) {
      cursor.skip(abbreviation.size);
    } else {
      for (const Abbreviation::Attribute& a : abbreviation.attributes) {
        read_form(cursor, a.form, unit.parameters);
      }
    }
    if (!abbreviation.has_children) continue;
    if (scopes_.size() > kDeepestScope) return;
    scopes_.push_back(next_);
  }
}

}  // namespace inquest::symbols::die_index
