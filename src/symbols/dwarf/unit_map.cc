#include "symbols/dwarf/unit_map.h"

#include <algorithm>
#include <llvm/BinaryFormat/Dwarf.h>
#include <map>
#include <optional>

#include "symbols/dwarf/forms.h"

namespace inquest::symbols {

using namespace llvm::dwarf;

namespace {

/// Units may share range lists and abbreviations; a hostile file makes many units share long ones.
constexpr size_t kMostClaims = 16 << 20;
constexpr uint64_t kMostAbbreviationBytes = 1 << 20;    // looked through for one unit
constexpr uint64_t kMostAbbreviationWork = 1ull << 30;  // for all of them

struct Sections {
  Bytes info, abbrev, address, ranges, rnglists, aranges;
};

/// The first DIE of a unit, as far as it says where the code is.
struct UnitHead {
  UnitParameters parameters;
  uint64_t offset = 0;
  std::optional<uint64_t> low, high, ranges;
  bool low_is_index = false, high_is_index = false, high_is_offset = false;
  bool ranges_is_index = false;
  uint64_t address_base = 0, rnglists_base = 0, string_offsets_base = 0;
};

class UnitMapReader {
 public:
  UnitMapReader(const DwarfFile& debug, const CodeLayout& layout)
      : layout_(layout),
        sections_{.info = debug.section_data(".debug_info"),
                  .abbrev = debug.section_data(".debug_abbrev"),
                  .address = debug.section_data(".debug_addr"),
                  .ranges = debug.section_data(".debug_ranges"),
                  .rnglists = debug.section_data(".debug_rnglists"),
                  .aranges = debug.section_data(".debug_aranges")} {}

  UnitMap read();
  std::vector<UnitBases> read_bases();

 private:
  template <class Each>
  void each_unit(Each each);
  void read_aranges();
  std::optional<uint64_t> read_unit_header(Cursor& cursor, UnitHead& head);
  void read_unit(Cursor& cursor, UnitHead& head);
  bool read_head(Cursor& cursor, uint64_t abbreviations, UnitHead& head);
  void set(UnitHead& head, uint64_t attribute, uint64_t form, uint64_t value);
  std::optional<uint64_t> indexed(const UnitHead& head, uint64_t index) const;
  void claim(uint64_t begin, uint64_t end);
  void claim_ranges(const UnitHead& head, uint64_t base);
  void claim_rnglist(const UnitHead& head, uint64_t base);

  const CodeLayout& layout_;
  Sections sections_;
  UnitMap map_;
  std::vector<Interval> claims_;
  std::map<uint64_t, std::vector<CodeRange>> aranges_;  // by unit offset
  uint64_t abbreviation_work_ = 0;
};

void UnitMapReader::claim(uint64_t begin, uint64_t end) {
  if (claims_.size() >= kMostClaims) return;
  if (auto code = layout_.code(begin, end)) {
    claims_.push_back({code->begin, code->end, static_cast<uint32_t>(map_.units.size())});
  }
}

void UnitMapReader::read_aranges() {
  Cursor section(sections_.aranges, ".debug_aranges");
  size_t total = 0;
  while (!section.at_end()) {
    uint64_t length = section.read<le32>();
    const uint8_t offset_size = length == 0xffffffff ? 8 : 4;
    if (offset_size == 8) length = section.read<le64>();
    const uint64_t head_size = offset_size == 8 ? 12 : 4;
    Cursor set(section.take(length), ".debug_aranges");
    uint16_t version = set.read<le16>();
    uint64_t unit = read_number(set, offset_size);
    uint8_t address_size = set.read<u8>(), segment_size = set.read<u8>();
    if (section.failed()) return;
    if (version != 2 || segment_size || (address_size != 4 && address_size != 8)) continue;
    // Pairs are aligned to their size from the start of the set, its length field included.
    uint64_t misaligned = (set.position() + head_size) % (2 * address_size);
    if (misaligned) set.skip(2 * address_size - misaligned);
    auto& ranges = aranges_[unit];
    while (set.remaining() >= 2u * address_size && total < kMostClaims) {
      uint64_t begin = read_number(set, address_size), size = read_number(set, address_size);
      if (begin == 0 && size == 0) break;
      ++total;
      if (auto code = layout_.code(begin, begin + size)) ranges.push_back(*code);
    }
  }
}

void UnitMapReader::set(UnitHead& head, uint64_t attribute, uint64_t form, uint64_t value) {
  bool is_index = form == DW_FORM_addrx || form == DW_FORM_GNU_addr_index ||
                  (form >= DW_FORM_addrx1 && form <= DW_FORM_addrx4);
  switch (attribute) {
    case DW_AT_low_pc:
      head.low = value;
      head.low_is_index = is_index;
      break;
    case DW_AT_high_pc:
      head.high = value;
      head.high_is_index = is_index;
      head.high_is_offset = form != DW_FORM_addr && !is_index;
      break;
    case DW_AT_ranges:
      head.ranges = value;
      head.ranges_is_index = form == DW_FORM_rnglistx;
      break;
    case DW_AT_addr_base:
    case DW_AT_GNU_addr_base:
      head.address_base = value;
      break;
    case DW_AT_rnglists_base:
      head.rnglists_base = value;
      break;
    case DW_AT_str_offsets_base:
      head.string_offsets_base = value;
      break;
    default:
      break;
  }
}

/// Finds the abbreviation of the unit's first DIE and reads the attributes by it.
bool UnitMapReader::read_head(Cursor& cursor, uint64_t abbreviations, UnitHead& head) {
  if (abbreviations >= sections_.abbrev.size()) return false;
  uint64_t code = cursor.uleb128();
  Bytes table = sections_.abbrev.subspan(abbreviations);
  Cursor abbrev(table.first(std::min<uint64_t>(table.size(), kMostAbbreviationBytes)),
                ".debug_abbrev");
  bool found = false;
  while (!found && abbreviation_work_ < kMostAbbreviationWork) {
    uint64_t begin = abbrev.position();
    uint64_t this_code = abbrev.uleb128();
    if (abbrev.failed() || this_code == 0) return false;
    found = this_code == code;
    uint64_t tag = abbrev.uleb128();
    abbrev.skip(1);
    if (found && tag != DW_TAG_compile_unit && tag != DW_TAG_skeleton_unit) return false;
    while (true) {
      uint64_t attribute = abbrev.uleb128(), form = abbrev.uleb128();
      uint64_t constant =
          form == DW_FORM_implicit_const ? static_cast<uint64_t>(abbrev.sleb128()) : 0;
      if (abbrev.failed()) return false;
      if (attribute == 0 && form == 0) break;
      if (!found) continue;
      uint64_t value = read_form(cursor, form, head.parameters);
      if (cursor.failed()) break;  // what was read so far may do
      set(head, attribute, form, form == DW_FORM_implicit_const ? constant : value);
    }
    abbreviation_work_ += abbrev.position() - begin;
  }
  return found;
}

std::optional<uint64_t> UnitMapReader::indexed(const UnitHead& head, uint64_t index) const {
  const uint64_t size = head.parameters.address_size;
  if (head.address_base > sections_.address.size() ||
      index >= (sections_.address.size() - head.address_base) / size) {
    return {};
  }
  Cursor cursor(sections_.address.subspan(head.address_base + index * size), ".debug_addr");
  return read_number(cursor, size);
}

/// DWARF 4's .debug_ranges: pairs relative to a base.
void UnitMapReader::claim_ranges(const UnitHead& head, uint64_t base) {
  if (*head.ranges >= sections_.ranges.size()) return;
  const uint8_t size = head.parameters.address_size;
  const uint64_t highest = size == 8 ? ~uint64_t{0} : 0xffffffff;
  Cursor cursor(sections_.ranges.subspan(*head.ranges), ".debug_ranges");
  while (cursor.remaining() >= 2u * size && claims_.size() < kMostClaims) {
    uint64_t begin = read_number(cursor, size), end = read_number(cursor, size);
    if (begin == 0 && end == 0) return;
    if (begin == highest) {
      base = end;
    } else {
      claim(base + begin, base + end);
    }
  }
}

/// DWARF 5's .debug_rnglists.
void UnitMapReader::claim_rnglist(const UnitHead& head, uint64_t base) {
  uint64_t at = *head.ranges;
  const uint8_t offset_size = head.parameters.offset_size;
  if (head.ranges_is_index) {
    uint64_t entry = head.rnglists_base + at * offset_size;
    if (entry < head.rnglists_base || entry >= sections_.rnglists.size()) return;
    Cursor cursor(sections_.rnglists.subspan(entry), ".debug_rnglists");
    at = head.rnglists_base + read_number(cursor, offset_size);
  }
  if (at >= sections_.rnglists.size()) return;
  Cursor cursor(sections_.rnglists.subspan(at), ".debug_rnglists");
  const uint8_t size = head.parameters.address_size;
  auto by_index = [&] { return indexed(head, cursor.uleb128()).value_or(~uint64_t{0}); };
  for (size_t i = 0; !cursor.at_end() && i < kMostClaims; ++i) {
    switch (uint8_t kind = cursor.read<u8>()) {
      case DW_RLE_end_of_list:
        return;
      case DW_RLE_base_addressx:
        base = by_index();
        break;
      case DW_RLE_base_address:
        base = read_number(cursor, size);
        break;
      case DW_RLE_offset_pair: {
        uint64_t begin = cursor.uleb128(), end = cursor.uleb128();
        claim(base + begin, base + end);
        break;
      }
      case DW_RLE_startx_endx: {
        uint64_t begin = by_index(), end = by_index();
        claim(begin, end);
        break;
      }
      case DW_RLE_start_end: {
        uint64_t begin = read_number(cursor, size), end = read_number(cursor, size);
        claim(begin, end);
        break;
      }
      case DW_RLE_startx_length:
      case DW_RLE_start_length: {
        uint64_t begin = kind == DW_RLE_startx_length ? by_index() : read_number(cursor, size);
        claim(begin, begin + cursor.uleb128());
        break;
      }
      default:
        return;
    }
    if (claims_.size() >= kMostClaims) return;
  }
}

/// Reads up to the first DIE; the offset of the unit's abbreviations, absent when it is no unit of
/// code.
std::optional<uint64_t> UnitMapReader::read_unit_header(Cursor& cursor, UnitHead& head) {
  UnitParameters& unit = head.parameters;
  unit.version = cursor.read<le16>();
  uint64_t abbreviations = 0;
  if (unit.version >= 5) {
    uint8_t type = cursor.read<u8>();
    unit.address_size = cursor.read<u8>();
    abbreviations = read_number(cursor, unit.offset_size);
    if (type == DW_UT_skeleton || type == DW_UT_split_compile) cursor.skip(8);
    if (type != DW_UT_compile && type != DW_UT_skeleton) return {};
  } else {
    abbreviations = read_number(cursor, unit.offset_size);
    unit.address_size = cursor.read<u8>();
  }
  if (cursor.failed() || (unit.address_size != 4 && unit.address_size != 8)) return {};
  return abbreviations;
}

void UnitMapReader::read_unit(Cursor& cursor, UnitHead& head) {
  auto abbreviations = read_unit_header(cursor, head);
  if (!abbreviations) return;
  if (auto set = aranges_.find(head.offset); set != aranges_.end() && !set->second.empty()) {
    for (CodeRange r : set->second) {
      if (claims_.size() >= kMostClaims) break;
      claims_.push_back({r.begin, r.end, static_cast<uint32_t>(map_.units.size())});
    }
  } else {
    if (!read_head(cursor, *abbreviations, head)) return;
    if (head.low && head.low_is_index) head.low = indexed(head, *head.low);
    if (head.high && head.high_is_index) head.high = indexed(head, *head.high);
    if (head.ranges) {
      uint64_t base = head.low.value_or(0);
      head.parameters.version >= 5 ? claim_rnglist(head, base) : claim_ranges(head, base);
    } else if (head.low && head.high) {
      claim(*head.low, head.high_is_offset ? *head.low + *head.high : *head.high);
    }
  }
  if (!claims_.empty() && claims_.back().owner == map_.units.size()) {
    map_.units.push_back(head.offset);
  }
}

/// Calls with a cursor behind the length of each unit, which ends where the unit ends.
template <class Each>
void UnitMapReader::each_unit(Each each) {
  Cursor cursor(sections_.info, ".debug_info");
  while (cursor.remaining() >= 11 && !cursor.failed()) {
    UnitHead head{.offset = cursor.position()};
    uint64_t length = cursor.read<le32>();
    if (length == 0xffffffff) {
      length = cursor.read<le64>();
      head.parameters.offset_size = 8;
    }
    Cursor unit(cursor.take(std::min(length, cursor.remaining())), ".debug_info");
    each(unit, head);
  }
}

UnitMap UnitMapReader::read() {
  read_aranges();
  each_unit([&](Cursor& cursor, UnitHead& head) { read_unit(cursor, head); });
  map_.segments = flatten(std::move(claims_));
  return std::move(map_);
}

std::vector<UnitBases> UnitMapReader::read_bases() {
  std::vector<UnitBases> bases;
  each_unit([&](Cursor& cursor, UnitHead& head) {
    auto abbreviations = read_unit_header(cursor, head);
    if (!abbreviations || !read_head(cursor, *abbreviations, head)) return;
    bases.push_back({head.offset, head.string_offsets_base, head.address_base});
  });
  return bases;
}

}  // namespace

uint32_t UnitMap::unit_at(uint32_t rva) const {
  const Interval* segment = find(segments, rva);
  return segment ? segment->owner : kNone;
}

UnitMap read_unit_map(const DwarfFile& debug, const CodeLayout& layout) {
  return UnitMapReader(debug, layout).read();
}

std::vector<UnitBases> read_unit_bases(const DwarfFile& debug) {
  return UnitMapReader(debug, CodeLayout{}).read_bases();
}

}  // namespace inquest::symbols
