#include "symbols/dwarf/die_index.h"

#include <algorithm>
#include <atomic>
#include <llvm/BinaryFormat/Dwarf.h>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#include "symbols/dwarf/abbreviations.h"

namespace inquest::symbols {

using namespace llvm::dwarf;

namespace {

constexpr unsigned kMostReaders = 16;
constexpr size_t kMostIndexed = 32 << 20;  // variables or definitions
constexpr size_t kDeepestScope = 512;
constexpr uint64_t kOffsetBasis = 0xcbf29ce484222325, kPrime = 0x100000001b3;

/// FNV-1a, because it goes on where a scope's hash ended.
uint64_t hash_on(uint64_t hash, std::string_view text) {
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
  return hash;
}
uint64_t hash_of(std::string_view text) { return hash_on(kOffsetBasis, text); }

struct Strings {
  Bytes str, line_str, offsets, address, alternate_str;
};

struct UnitPlace {
  const UnitSection* section = nullptr;
  UnitParameters parameters = {};
  uint64_t offset = 0, end = 0;  ///< in its section
  uint64_t first_die = 0;
  uint64_t abbreviations = 0;
};

std::string_view string_at(Bytes section, uint64_t offset) {
  if (offset >= section.size()) return {};
  auto* begin = reinterpret_cast<const char*>(section.data()) + offset;
  const void* end = std::memchr(begin, 0, section.size() - offset);
  return end ? std::string_view(begin, static_cast<size_t>(static_cast<const char*>(end) - begin))
             : std::string_view{};
}

/// A value as the form has it, and what it points into.
struct Value {
  uint64_t form = 0, number = 0;
  std::string_view text = {};
  Bytes block = {};
};

using Signatures = std::unordered_map<uint64_t, uint64_t>;

class DieReader {
 public:
  DieReader(const Strings& strings, Bytes abbreviations, const Signatures& signatures,
            uint64_t alternate_space)
      : strings_(strings),
        abbreviation_bytes_(abbreviations),
        signatures_(signatures),
        alternate_space_(alternate_space) {}

  void read(const UnitPlace& unit);
  DieIndex take() { return std::move(out_); }

 private:
  struct Scope {
    uint64_t hash = kOffsetBasis;
    std::string_view name = {};
    bool is_named = false;
  };
  struct Die {
    std::string_view name = {};
    uint64_t type = 0, origin = 0, size = 0;
    Bytes location = {};
    bool is_declaration = false, has_signature = false, has_dwo = false;
  };
  struct Declared {
    std::string name = {};
    uint64_t type = 0, scope_hash = kOffsetBasis;
    std::string_view last = {};
  };

  const std::vector<Abbreviation>& abbreviations(const UnitPlace& unit);
  Value value(Cursor& cursor, uint64_t form, int64_t implicit, bool want_text);
  uint64_t reference(const Value& value) const;
  Die read_die(Cursor& cursor, const Abbreviation& abbreviation);
  void take_unit_head(Cursor& cursor, const Abbreviation& abbreviation);
  void take_die(uint64_t at, const Abbreviation& abbreviation, const Die& die);
  void take_type(uint64_t at, const Abbreviation& abbreviation, const Die& die);
  void take_variable(uint64_t at, const Abbreviation& abbreviation, const Die& die);
  bool place(Bytes location, DieIndex::Variable& out) const;
  std::optional<uint64_t> indexed(uint64_t index) const;
  std::string scope_name() const;

  const Strings& strings_;
  Bytes abbreviation_bytes_;
  const Signatures& signatures_;
  uint64_t alternate_space_;
  std::unordered_map<uint64_t, std::vector<Abbreviation>> tables_;
  const UnitPlace* unit_ = nullptr;
  uint64_t string_base_ = 0, address_base_ = 0;
  bool is_skeleton_ = false;
  std::vector<Scope> scopes_;
  Scope next_;  // of the children of the DIE read last
  std::unordered_map<uint64_t, Declared> declared_;
  DieIndex out_;
};

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

Value DieReader::value(Cursor& cursor, uint64_t form, int64_t implicit, bool want_text) {
  Value out{.form = form};
  if (form == DW_FORM_indirect) out.form = form = cursor.uleb128();
  switch (form) {
    case DW_FORM_exprloc:
    case DW_FORM_block:
      out.block = cursor.take(cursor.uleb128());
      return out;
    case DW_FORM_block1:
      out.block = cursor.take(cursor.read<u8>());
      return out;
    case DW_FORM_string:
      out.text = cursor.c_string();
      return out;
    case DW_FORM_implicit_const:
      out.number = static_cast<uint64_t>(implicit);
      return out;
    default:
      out.number = read_form(cursor, form, unit_->parameters);
  }
  if (!want_text || cursor.failed()) return out;
  switch (form) {
    case DW_FORM_strp:
      out.text = string_at(unit_->section->is_alternate ? strings_.alternate_str : strings_.str,
                           out.number);
      break;
    case DW_FORM_line_strp:
      out.text = string_at(strings_.line_str, out.number);
      break;
    case DW_FORM_GNU_strp_alt:
    case DW_FORM_strp_sup:
      out.text = string_at(strings_.alternate_str, out.number);
      break;
    case DW_FORM_strx:
    case DW_FORM_strx1:
    case DW_FORM_strx2:
    case DW_FORM_strx3:
    case DW_FORM_strx4:
    case DW_FORM_GNU_str_index: {
      const uint64_t size = unit_->parameters.offset_size;
      if (out.number > strings_.offsets.size() || string_base_ > strings_.offsets.size()) break;
      const uint64_t at = string_base_ + out.number * size;
      if (at + size > strings_.offsets.size()) break;
      Cursor offsets(strings_.offsets.subspan(at, size), ".debug_str_offsets");
      out.text = string_at(strings_.str, read_number(offsets, static_cast<unsigned>(size)));
      break;
    }
    default:
      break;
  }
  return out;
}

/// The id that a reference names; 0 when it is none.
uint64_t DieReader::reference(const Value& value) const {
  switch (value.form) {
    case DW_FORM_ref1:
    case DW_FORM_ref2:
    case DW_FORM_ref4:
    case DW_FORM_ref8:
    case DW_FORM_ref_udata:
      return unit_->section->space | (unit_->offset + value.number);
    case DW_FORM_ref_addr:
      return unit_->section->is_alternate ? unit_->section->space | value.number : value.number;
    case DW_FORM_GNU_ref_alt:
    case DW_FORM_ref_sup4:
    case DW_FORM_ref_sup8:
      return alternate_space_ | value.number;
    case DW_FORM_ref_sig8: {
      auto found = signatures_.find(value.number);
      return found == signatures_.end() ? 0 : found->second;
    }
    default:
      return 0;
  }
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

std::optional<uint64_t> DieReader::indexed(uint64_t index) const {
  const uint64_t size = unit_->parameters.address_size;
  if (address_base_ > strings_.address.size() ||
      index >= (strings_.address.size() - address_base_) / size) {
    return {};
  }
  Cursor cursor(strings_.address.subspan(address_base_ + index * size, size), ".debug_addr");
  return read_number(cursor, static_cast<unsigned>(size));
}

/// DW_OP_addr, or what thread-locals have: their offset and then "push the thread's address".
bool DieReader::place(Bytes location, DieIndex::Variable& out) const {
  Cursor cursor(location, "location");
  const uint8_t first = cursor.read<u8>();
  std::optional<uint64_t> number;
  switch (first) {
    case DW_OP_addr:
      number = read_number(cursor, unit_->parameters.address_size);
      break;
    case DW_OP_addrx:
    case DW_OP_GNU_addr_index:
    case DW_OP_constx:
    case DW_OP_GNU_const_index:
      number = indexed(cursor.uleb128());
      break;
    case DW_OP_const4u:
      number = read_number(cursor, 4);
      break;
    case DW_OP_const8u:
      number = read_number(cursor, 8);
      break;
    default:
      return false;
  }
  if (!number || cursor.failed()) return false;
  out.address = *number;
  while (!cursor.at_end()) {
    const uint8_t next = cursor.read<u8>();
    if (next == DW_OP_plus_uconst) {
      out.address += cursor.uleb128();
    } else if (next == DW_OP_GNU_push_tls_address || next == DW_OP_form_tls_address) {
      out.is_thread_local = true;
    } else {
      return false;
    }
  }
  const bool is_address =
      first == DW_OP_addr || first == DW_OP_addrx || first == DW_OP_GNU_addr_index;
  return !cursor.failed() && (is_address || out.is_thread_local);
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

/// Headers only. Type units are noted by their signature.
std::vector<UnitPlace> list_units(const std::vector<UnitSection>& sections,
                                  Signatures& signatures) {
  std::vector<UnitPlace> units;
  for (const UnitSection& section : sections) {
    Cursor cursor(section.info, ".debug_info");
    while (cursor.remaining() >= 11 && !cursor.failed()) {
      UnitPlace unit{.section = &section, .offset = cursor.position()};
      UnitParameters& parameters = unit.parameters;
      parameters.offset_size = 4;
      uint64_t length = cursor.read<le32>();
      if (length == 0xffffffff) {
        length = cursor.read<le64>();
        parameters.offset_size = 8;
      }
      if (length > cursor.remaining()) length = cursor.remaining();
      unit.end = cursor.position() + length;
      parameters.version = cursor.read<le16>();
      uint8_t kind = section.is_types ? DW_UT_type : DW_UT_compile;
      if (parameters.version >= 5) {
        kind = cursor.read<u8>();
        parameters.address_size = cursor.read<u8>();
        unit.abbreviations = read_number(cursor, parameters.offset_size);
      } else {
        unit.abbreviations = read_number(cursor, parameters.offset_size);
        parameters.address_size = cursor.read<u8>();
      }
      if (kind == DW_UT_skeleton || kind == DW_UT_split_compile) cursor.skip(8);
      if (kind == DW_UT_type) {
        const uint64_t signature = cursor.read<le64>();
        const uint64_t type = read_number(cursor, parameters.offset_size);
        signatures.try_emplace(signature, section.space | (unit.offset + type));
      }
      unit.first_die = cursor.position();
      const bool sound = !cursor.failed() && parameters.version >= 2 && parameters.version <= 5 &&
                         (parameters.address_size == 4 || parameters.address_size == 8) &&
                         unit.first_die <= unit.end;
      if (sound) units.push_back(unit);
      if (cursor.failed()) break;
      cursor.seek(unit.end);
    }
  }
  return units;
}

void append(DieIndex& all, DieIndex part) {
  auto move = [](auto& to, auto& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  move(all.variables, part.variables);
  move(all.types, part.types);
  move(all.templates, part.templates);
  move(all.classes, part.classes);
  move(all.skeletons, part.skeletons);
}

void put_in_order(DieIndex& index) {
  std::sort(index.types.begin(), index.types.end());
  // A template's instances are told apart by their own names: the ids that stay below.
  auto last = std::unique(index.types.begin(), index.types.end(),
                          [](const auto& a, const auto& b) { return a.hash == b.hash; });
  index.types.erase(last, index.types.end());
  index.types.shrink_to_fit();
  std::vector<uint64_t> kept(index.types.size());
  std::transform(index.types.begin(), index.types.end(), kept.begin(),
                 [](const auto& d) { return d.id; });
  std::sort(kept.begin(), kept.end());
  auto is_dropped = [&](const auto& d) {
    return !std::binary_search(kept.begin(), kept.end(), d.id);
  };
  std::erase_if(index.templates, is_dropped);
  std::erase_if(index.classes, is_dropped);
  index.classes.shrink_to_fit();
  std::sort(index.classes.begin(), index.classes.end());
  index.templates.shrink_to_fit();
  std::sort(index.templates.begin(), index.templates.end());
  std::sort(index.skeletons.begin(), index.skeletons.end());
  std::sort(index.variables.begin(), index.variables.end(), [](const auto& a, const auto& b) {
    return std::tie(a.is_thread_local, a.address, a.die) <
           std::tie(b.is_thread_local, b.address, b.die);
  });
}

}  // namespace

DieIndex read_die_index(const DwarfFile& debug, const DwarfFile* alternate,
                        const std::vector<UnitSection>& sections, uint64_t alternate_space) {
  Strings strings{.str = debug.section_data(".debug_str"),
                  .line_str = debug.section_data(".debug_line_str"),
                  .offsets = debug.section_data(".debug_str_offsets"),
                  .address = debug.section_data(".debug_addr")};
  if (alternate) strings.alternate_str = alternate->section_data(".debug_str");
  const Bytes abbreviations = debug.section_data(".debug_abbrev");
  const Bytes others = alternate ? alternate->section_data(".debug_abbrev") : Bytes{};
  Signatures signatures;
  const std::vector<UnitPlace> units = list_units(sections, signatures);

  DieIndex index;
  std::atomic<size_t> next = 0;
  std::mutex adding;
  auto work = [&] {
    DieReader main(strings, abbreviations, signatures, alternate_space);
    DieReader alt(strings, others, signatures, alternate_space);
    for (size_t i; (i = next++) < units.size();) {
      (units[i].section->is_alternate ? alt : main).read(units[i]);
    }
    std::lock_guard lock(adding);
    append(index, main.take());
    append(index, alt.take());
  };
  std::vector<std::thread> threads;
  const unsigned n = std::min(kMostReaders, std::max(1u, std::thread::hardware_concurrency()));
  for (unsigned i = 1; i < n && i < units.size(); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  put_in_order(index);
  index.has_type_units = !signatures.empty();
  return index;
}

uint64_t DieIndex::find(std::string_view qualified_name) const {
  const uint64_t hash = hash_of(qualified_name);
  auto at = std::lower_bound(types.begin(), types.end(), Definition{hash, 0});
  return at != types.end() && at->hash == hash ? at->id : 0;
}

std::vector<uint64_t> DieIndex::classes_of_size(uint64_t size) const {
  std::vector<uint64_t> out;
  for (auto at = std::lower_bound(classes.begin(), classes.end(), Class{size, 0});
       at != classes.end() && at->size == size; ++at) {
    out.push_back(at->id);
  }
  return out;
}

std::vector<uint64_t> DieIndex::instances(std::string_view template_name) const {
  const uint64_t hash = hash_of(template_name);
  std::vector<uint64_t> out;
  for (auto at = std::lower_bound(templates.begin(), templates.end(), Definition{hash, 0});
       at != templates.end() && at->hash == hash; ++at) {
    out.push_back(at->id);
  }
  return out;
}

}  // namespace inquest::symbols
