#include "symbols/dwarf/type_store.h"

#include <algorithm>

#include "base/limits.h"
#include "symbols/dwarf/byte_search.h"

namespace inquest::symbols {

using namespace llvm::dwarf;

namespace {

/// An id is the offset of the DIE with its section above it.
constexpr unsigned kSpaceShift = 40;
constexpr uint64_t kOffsetMask = (uint64_t{1} << kSpaceShift) - 1;
enum Space : uint64_t { kInfo = 0, kTypes = 1, kAlternate = 2, kFirstSplit = 4 };

/// Units kept between questions; DIEs take two to three times the bytes of their unit.
constexpr uint64_t kMostUnitBytesKept = 48 << 20;
/// Units read to answer one question by name or address.
constexpr uint64_t kMostUnitBytesRead = 64 << 20;
constexpr size_t kMostStrings = 16;  // of one text: linkers merge equal strings
constexpr size_t kMostHits = 1 << 16;

}  // namespace

TypeStore::TypeStore(const locate::ModuleFiles& files)
    : files_(files), debug_(DwarfFile::of(files)), layout_(CodeLayout::of(files)), dies_(files) {}

const DieIndex& TypeStore::index() {
  if (index_) return *index_;
  constexpr uint64_t kTypesSpace = uint64_t{kTypes} << kSpaceShift;
  constexpr uint64_t kAlternateSpace = uint64_t{kAlternate} << kSpaceShift;
  std::vector<UnitSection> sections = {
      {.info = debug_.section_data(".debug_info")},
      {.info = debug_.section_data(".debug_types"), .space = kTypesSpace, .is_types = true}};
  std::optional<DwarfFile> alternate;
  if (files_.alt) {
    alternate.emplace(files_.alt);
    sections.push_back({.info = alternate->section_data(".debug_info"),
                        .space = kAlternateSpace,
                        .is_alternate = true});
  }
  index_ = read_die_index(debug_, alternate ? &*alternate : nullptr, sections, kAlternateSpace);
  return *index_;
}

void TypeStore::trim() {
  if (dies_.touched_bytes() < kMostUnitBytesKept) return;
  dies_.release();
  split_contexts_.clear();
}

llvm::DWARFDie TypeStore::root(llvm::DWARFUnit& unit) {
  llvm::DWARFDie die = dies_.root(unit);
  if (die && die.getDwarfUnit() != &unit) {
    auto [slot, is_new] = skeleton_numbers_.try_emplace(unit.getOffset(), skeletons_.size());
    if (is_new) skeletons_.push_back(unit.getOffset());
    split_contexts_.try_emplace(&die.getDwarfUnit()->getContext(), slot->second);
  }
  return die;
}

TypeId TypeStore::id_of(const llvm::DWARFDie& die) {
  if (!die) return {};
  llvm::DWARFUnit* unit = die.getDwarfUnit();
  llvm::DWARFContext* context = &unit->getContext();
  uint64_t space = kInfo;
  const bool in_types = unit->isTypeUnit() && unit->getVersion() < 5;
  if (context == &dies_.context()) {
    space = in_types ? kTypes : kInfo;
  } else if (context == dies_.alternate()) {
    space = kAlternate;
  } else {
    auto number = split_contexts_.find(context);
    if (number == split_contexts_.end()) return {};
    space = kFirstSplit + 2 * number->second + (in_types ? 1 : 0);
  }
  if (die.getOffset() > kOffsetMask || space >> (64 - kSpaceShift)) return {};
  return {space << kSpaceShift | die.getOffset()};
}

llvm::DWARFUnit* TypeStore::unit_in(llvm::DWARFContext& context, uint64_t offset,
                                    bool types_section, bool split) {
  const llvm::DWARFUnitVector& units =
      split ? context.getDWOUnitsVector() : context.getNormalUnitsVector();
  if (!types_section) return units.getUnitForOffset(offset);
  auto begin = units.begin() + units.getNumInfoUnits();
  auto after = std::partition_point(
      begin, units.end(), [&](const auto& u) { return u->getNextUnitOffset() <= offset; });
  return after == units.end() ? nullptr : after->get();
}

llvm::DWARFDie TypeStore::die_of(TypeId id) {
  if (!id) return {};
  const uint64_t space = id.value >> kSpaceShift, offset = id.value & kOffsetMask;
  llvm::DWARFUnit* unit = nullptr;
  if (space == kInfo || space == kTypes) {
    unit = unit_in(dies_.context(), offset, space == kTypes, false);
  } else if (space == kAlternate) {
    if (dies_.alternate()) unit = unit_in(*dies_.alternate(), offset, false, false);
  } else if (space >= kFirstSplit) {
    uint64_t number = (space - kFirstSplit) / 2;
    if (number >= skeletons_.size()) return {};
    llvm::DWARFUnit* skeleton = dies_.unit(skeletons_[number]);
    llvm::DWARFDie full = skeleton ? root(*skeleton) : llvm::DWARFDie{};
    if (!full || full.getDwarfUnit() == skeleton) return {};
    unit = unit_in(full.getDwarfUnit()->getContext(), offset, (space - kFirstSplit) & 1, true);
  }
  if (!unit) return {};
  dies_.touch(unit);
  return dies_.die_at(*unit, offset);
}

llvm::DWARFDie TypeStore::type_attribute(llvm::DWARFDie die) {
  for (int hop = 0; die && hop < 16; ++hop) {
    if (llvm::DWARFDie type = dies_.referenced(die, DW_AT_type)) return type;
    llvm::DWARFDie next = dies_.referenced(die, DW_AT_abstract_origin);
    die = next ? next : dies_.referenced(die, DW_AT_specification);
  }
  return {};
}

llvm::DWARFDie TypeStore::complete(llvm::DWARFDie die) {
  if (!die) return die;
  if (llvm::DWARFDie by_signature = dies_.referenced(die, DW_AT_signature)) return by_signature;
  if (!die.find(DW_AT_declaration)) return die;
  std::string qualified = dies_.qualified_name(die);
  if (qualified.empty()) return die;
  llvm::DWARFDie found = die_of(find(qualified));
  return found ? found : die;
}

llvm::DWARFDie TypeStore::root_at(uint32_t rva) {
  if (!map_) map_ = read_unit_map(debug_, layout_);
  uint32_t index = map_->unit_at(rva);
  if (index == kNone) return {};
  llvm::DWARFUnit* unit = dies_.unit(map_->units[index]);
  return unit && dies_.sound(*unit) ? root(*unit) : llvm::DWARFDie{};
}

const std::vector<UnitBases>& TypeStore::bases() {
  if (!bases_) bases_ = read_unit_bases(debug_);
  return *bases_;
}

/// The DIE whose attributes hold section offset `hit`, if it has the name.
bool TypeStore::visit_hit(llvm::DWARFUnit* unit, uint64_t hit, std::string_view name,
                          const Each& each) {
  if (!unit) return true;
  dies_.touch(unit);
  auto all = dies_.entries(*unit);
  auto after = std::partition_point(all.begin(), all.end(),
                                    [&](const auto& entry) { return entry.getOffset() <= hit; });
  if (after == all.begin()) return true;
  llvm::DWARFDie die(unit, &*std::prev(after));
  if (die.isNULL() || (!name.empty() && dies_.string(die, DW_AT_name) != name)) return true;
  return each(die);
}

bool TypeStore::visit_unit(llvm::DWARFUnit* unit, std::string_view name, const Each& each) {
  if (!unit) return true;
  dies_.touch(unit);
  for (const llvm::DWARFDebugInfoEntry& entry : dies_.entries(*unit)) {
    switch (entry.getTag()) {
      case DW_TAG_class_type:
      case DW_TAG_structure_type:
      case DW_TAG_union_type:
      case DW_TAG_enumeration_type:
      case DW_TAG_typedef:
      case DW_TAG_base_type:
      case DW_TAG_variable:
        break;
      default:
        continue;
    }
    llvm::DWARFDie die(unit, &entry);
    if (dies_.string(die, DW_AT_name) == name && !each(die)) return false;
  }
  return true;
}

/// clang's DWARF 5 names by index: which units have the strings in their table?
bool TypeStore::each_by_index(std::string_view name, const std::vector<uint64_t>& strings,
                              const Each& each) {
  Bytes table = debug_.section_data(".debug_str_offsets");
  if (table.empty()) return true;
  std::vector<UnitBases> units = bases();
  std::sort(units.begin(), units.end(), [](const UnitBases& a, const UnitBases& b) {
    return a.string_offsets < b.string_offsets;
  });
  uint64_t last = ~uint64_t{0};
  for (uint64_t string : strings) {
    for (uint64_t hit : search_number(table, string, 4, kMostHits)) {
      if (hit % 4) continue;
      auto after = std::partition_point(
          units.begin(), units.end(), [&](const UnitBases& u) { return u.string_offsets <= hit; });
      if (after == units.begin() || std::prev(after)->string_offsets == 0) continue;
      uint64_t offset = std::prev(after)->offset;
      if (offset == last || dies_.touched_bytes() > budget_) continue;
      last = offset;
      if (!visit_unit(dies_.unit(offset), name, each)) return false;
    }
  }
  return true;
}

void TypeStore::each_named(std::string_view name, const Each& each) {
  if (name.empty()) return;
  budget_ = dies_.touched_bytes() + kMostUnitBytesRead;
  std::vector<Source> sources = {{&dies_.context(), debug_.section_data(".debug_info"), false},
                                 {&dies_.context(), debug_.section_data(".debug_types"), true}};
  const std::vector<uint64_t> strings =
      search_string(debug_.section_data(".debug_str"), name, kMostStrings);
  std::vector<uint64_t> alternate_strings;
  if (files_.alt && dies_.alternate()) {
    alternate_strings = search_string(files_.alt->section_data(".debug_str"), name, kMostStrings);
    sources.push_back({dies_.alternate(), files_.alt->section_data(".debug_info"), false});
  }
  for (const Source& source : sources) {
    // Short names stand in the DIE itself; others by the offset of their string, in this file's
    // table or, said by another form, in the alternate file's.
    std::vector<uint64_t> hits = search_string(source.info, name, kMostHits);
    const bool main = source.context == &dies_.context();
    auto look_for = [&](const std::vector<uint64_t>& offsets) {
      for (uint64_t string : offsets) {
        std::vector<uint64_t> more = search_number(source.info, string, 4, kMostHits);
        hits.insert(hits.end(), more.begin(), more.end());
      }
    };
    if (main) look_for(strings);
    look_for(alternate_strings);
    std::sort(hits.begin(), hits.end());
    for (uint64_t hit : hits) {
      if (dies_.touched_bytes() > budget_) return;
      llvm::DWARFUnit* unit = unit_in(*source.context, hit, source.types_section, false);
      if (!visit_hit(unit, hit, name, each)) return;
    }
  }
  if (!each_by_index(name, strings, each)) return;
  // Split units: those that were read already.
  for (uint64_t i = 0; i < skeletons_.size(); ++i) {
    llvm::DWARFUnit* skeleton = dies_.unit(skeletons_[i]);
    llvm::DWARFDie full = skeleton ? root(*skeleton) : llvm::DWARFDie{};
    if (full && !visit_unit(full.getDwarfUnit(), name, each)) return;
    if (dies_.touched_bytes() > budget_) return;
  }
}

void TypeStore::each_definition_of(const llvm::DWARFDie& die, const Each& each) {
  auto refers = [&](const llvm::DWARFDie& candidate) {
    if (candidate.getTag() != DW_TAG_variable) return false;
    return dies_.referenced(candidate, DW_AT_specification) == die ||
           dies_.referenced(candidate, DW_AT_abstract_origin) == die;
  };
  llvm::DWARFUnit* own = die.getDwarfUnit();
  for (const llvm::DWARFDebugInfoEntry& entry : dies_.entries(*own)) {
    llvm::DWARFDie candidate(own, &entry);
    if (refers(candidate) && !each(candidate)) return;
  }
  if (&own->getContext() != &dies_.context()) return;
  // Link-time optimisation puts definitions into other units.
  for (uint64_t hit : search_number(debug_.section_data(".debug_info"), die.getOffset(), 4, 256)) {
    if (dies_.touched_bytes() > budget_) return;
    llvm::DWARFUnit* unit = unit_in(dies_.context(), hit, false, false);
    if (unit == own) continue;
    if (!visit_hit(unit, hit, {}, [&](const llvm::DWARFDie& candidate) {
          return !refers(candidate) || each(candidate);
        })) {
      return;
    }
  }
}

void TypeStore::each_in_skeleton(uint64_t offset, const Each& each) {
  llvm::DWARFUnit* skeleton = dies_.unit(offset);
  llvm::DWARFDie full = skeleton ? root(*skeleton) : llvm::DWARFDie{};
  if (!full || full.getDwarfUnit() == skeleton) return;
  for (const llvm::DWARFDebugInfoEntry& entry : full.getDwarfUnit()->dies()) {
    if (!each({full.getDwarfUnit(), &entry})) return;
  }
}

void TypeStore::each_variable_at(uint64_t vaddr, const Each& each) {
  budget_ = dies_.touched_bytes() + kMostUnitBytesRead;
  const unsigned size = debug_.is_64() ? 8 : 4;
  std::vector<std::byte> pattern{std::byte{DW_OP_addr}};
  for (unsigned i = 0; i < size; ++i) pattern.push_back(static_cast<std::byte>(vaddr >> (8 * i)));
  for (uint64_t hit : search(debug_.section_data(".debug_info"), pattern, 64)) {
    if (dies_.touched_bytes() > budget_) return;
    if (!visit_hit(unit_in(dies_.context(), hit, false, false), hit, {}, each)) return;
  }
  // By index: the units whose part of .debug_addr has the address.
  std::vector<UnitBases> units;
  for (uint64_t hit : search_number(debug_.section_data(".debug_addr"), vaddr, size, 64)) {
    if (units.empty()) {
      units = bases();
      std::sort(units.begin(), units.end(),
                [](const UnitBases& a, const UnitBases& b) { return a.addresses < b.addresses; });
    }
    auto after = std::partition_point(units.begin(), units.end(),
                                      [&](const UnitBases& u) { return u.addresses <= hit; });
    if (after == units.begin() || std::prev(after)->addresses == 0) continue;
    llvm::DWARFUnit* skeleton = dies_.unit(std::prev(after)->offset);
    llvm::DWARFDie full = skeleton ? root(*skeleton) : llvm::DWARFDie{};
    if (!full) continue;
    for (const llvm::DWARFDebugInfoEntry& entry : dies_.entries(*full.getDwarfUnit())) {
      if (entry.getTag() != DW_TAG_variable) continue;
      llvm::DWARFDie die(full.getDwarfUnit(), &entry);
      if (die.find(DW_AT_location) && !each(die)) return;
    }
    if (dies_.touched_bytes() > budget_) return;
  }
}

TypeId TypeStore::find(std::string_view qualified_name) {
  auto [slot, is_new] = found_.try_emplace(std::string(qualified_name));
  if (!is_new) return slot->second;
  if (index_) {
    if (uint64_t id = index_->find(qualified_name)) return slot->second = TypeId{id};
    // Split units are not in the index, nor all types of type units.
    if (index_->skeletons.empty() && !index_->has_type_units) return slot->second;
  }
  // The name's last part: "::" inside template arguments and parameters does not count.
  size_t last = 0;
  int depth = 0;
  for (size_t i = 0; i + 1 < qualified_name.size(); ++i) {
    char c = qualified_name[i];
    if (c == '<' || c == '(') ++depth;
    if (c == '>' || c == ')') --depth;
    if (depth == 0 && c == ':' && qualified_name[i + 1] == ':') last = i + 2;
  }
  TypeId found, declared;
  each_named(qualified_name.substr(last), [&](const llvm::DWARFDie& die) {
    switch (die.getTag()) {
      case DW_TAG_class_type:
      case DW_TAG_structure_type:
      case DW_TAG_union_type:
      case DW_TAG_enumeration_type:
      case DW_TAG_typedef:
      case DW_TAG_base_type:
      case DW_TAG_interface_type:
        break;
      default:
        return true;
    }
    if (dies_.qualified_name(die) != qualified_name) return true;
    if (die.find(DW_AT_declaration)) {
      if (llvm::DWARFDie whole = dies_.referenced(die, DW_AT_signature)) {
        found = id_of(whole);
      } else if (!declared) {
        declared = id_of(die);
      }
    } else {
      found = id_of(die);
    }
    return !found;
  });
  TypeId answer = found ? found : declared;
  found_[std::string(qualified_name)] = answer;
  return answer;
}

}  // namespace inquest::symbols
