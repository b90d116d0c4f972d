// Virtual tables of Microsoft's ABI. Layout of classes: a class's own pointer to its virtual table
// stands first, then its bases that have one, its pointer to the vbtable (for each virtual base its
// distance from that pointer, as i32; in place 0 the negated offset of the pointer in its class),
// its members, and behind all the virtual bases. Source: clang's MicrosoftCXXABI and
// RecordLayoutBuilder; "C++: Under the Hood", Jan Gray, 1994.
#include <cstring>

#include "objects/types/microsoft_rtti.h"
#include "objects/types/virtual_tables.h"

namespace inquest::objects {
namespace {

constexpr uint64_t kWordsInFront = 4;        // looked at in every object
constexpr uint32_t kMostVirtualBases = 4;    // of one vbtable
constexpr uint32_t kFarthestPointer = 4096;  // from a class's begin to its pointer to the vbtable
constexpr size_t kDeepestBase = 16;
constexpr size_t kMostBaseVisits = 256;

uint64_t word_in(Bytes bytes, uint64_t at, unsigned size) {
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + at, size);
  return value;
}

/// Finds where in a class one of its bases has its pointer to a virtual table.
class BaseSearch {
 public:
  BaseSearch(const symbols::TypeReader& reader, std::string_view base)
      : reader_(reader), base_(base) {}

  bool has_virtual_bases = false;

  std::optional<uint64_t> find(symbols::TypeId type, uint64_t offset, size_t depth) {
    if (depth > kDeepestBase || ++visits_ > kMostBaseVisits) return {};
    const symbols::TypeId whole = reader_.resolve(type);
    if (plain_spelling(reader_.type(whole).name) == base_) return table_in(whole, offset, depth);
    for (const symbols::Member& member : reader_.members(whole)) {
      has_virtual_bases |= member.is_virtual_base;
      if (!member.is_base || member.is_virtual_base) continue;
      if (auto found = find(member.type, offset + member.offset, depth + 1)) return found;
    }
    return {};
  }
  /// Its own pointer, or that of the first base that has one.
  std::optional<uint64_t> table_in(symbols::TypeId type, uint64_t offset, size_t depth) {
    if (depth > kDeepestBase || ++visits_ > kMostBaseVisits) return {};
    const std::vector<symbols::Member> members = reader_.members(reader_.resolve(type));
    for (const symbols::Member& member : members) {
      has_virtual_bases |= member.is_virtual_base;
      if (member.is_artificial) return offset + member.offset;
    }
    for (const symbols::Member& member : members) {
      if (!member.is_base || member.is_virtual_base) continue;
      if (auto found = table_in(member.type, offset + member.offset, depth + 1)) return found;
    }
    return {};
  }

 private:
  const symbols::TypeReader& reader_;
  std::string base_;
  size_t visits_ = 0;
};

/// "...{for `game::Named'}" -> "game::Named". Empty: there is one table only, or a path of bases.
std::string base_of_vftable(std::string_view symbol) {
  constexpr std::string_view kFor = "{for `";
  const size_t begin = symbol.find(kFor);
  if (begin == std::string_view::npos || !symbol.ends_with("'}")) return {};
  const std::string_view base =
      symbol.substr(begin + kFor.size(), symbol.size() - begin - kFor.size() - 2);
  if (base.find("'s `") != std::string_view::npos) return {};
  return without_class_keywords(std::string(base));
}

}  // namespace

/// Where `type` keeps its pointer to the table for `base` (its only table when empty), as debug
/// information describes it; absent when it does not say.
std::optional<uint32_t> VirtualTables::place_of(TypeIndex type, std::string_view base) {
  const TypeInfo info = types_.types()[type];
  if (!info.reader) return base.empty() ? std::optional<uint32_t>(0) : std::nullopt;
  BaseSearch search(*info.reader, plain_spelling(base));
  auto found = base.empty() ? search.table_in(info.id, 0, 0) : search.find(info.id, 0, 0);
  if (found && *found < kInVirtualBase) return static_cast<uint32_t>(*found);
  if (search.has_virtual_bases) return kInVirtualBase;
  return {};
}

VirtualTable VirtualTables::microsoft_by_symbol(uint64_t word, const ModuleTypes& module) {
  const std::string symbol = module.symbol_begin ? module.symbol_begin({word}) : std::string();
  const std::string name = without_class_keywords(std::string(class_of_vftable(symbol)));
  if (name.empty()) return {};
  const std::string base = base_of_vftable(symbol);
  // A path of bases: other tables of the object name it.
  if (base.empty() && symbol.find("{for") != std::string::npos) return {};
  VirtualTable table{.type = types_.by_rtti_name(name), .how = How::virtual_table};
  // Without type information linkers may fold the tables of several classes into one.
  table.percent = 90;
  auto place = place_of(table.type, base);
  if (!place) return {};
  table.offset = *place;
  return table;
}

VirtualTable VirtualTables::microsoft(uint64_t word, const ModuleTypes* module) {
  auto first = input_.process.memory.read_pointer({word}, word_size_);
  if (!first || !is_code(*first)) return {};
  auto known = microsoft_class(input_.process, {word});
  if (!known) return module ? microsoft_by_symbol(word, *module) : VirtualTable{};
  VirtualTable table{.type = types_.by_rtti_name(known->name), .how = How::rtti, .percent = 98};
  table.offset = known->offset;
  // The symbol says the same where there is one.
  const std::string symbol =
      module && module->symbol_begin ? module->symbol_begin({word}) : std::string();
  if (!class_of_vftable(symbol).empty()) {
    table.how = How::virtual_table;
    table.percent = 99;
  }
  return table;
}

void VirtualTables::add_virtual_bases(Bytes object, uint64_t at, TablePlaces& out) const {
  const auto& memory = input_.process.memory;
  const uint64_t vbtable = word_in(object, at, word_size_);
  if (!can_be(vbtable) || this->at(vbtable)) return;
  auto own = memory.read<int32_t>({vbtable});
  if (!own || *own > 0 || *own < -static_cast<int32_t>(kFarthestPointer)) return;
  for (uint32_t i = 1; i <= kMostVirtualBases && out.count < out.at.size(); ++i) {
    auto distance = memory.read<int32_t>({vbtable + 4 * i});
    if (!distance || *distance <= 0) return;
    const uint64_t place = at + static_cast<uint64_t>(*distance);
    if (place % word_size_ != 0 || place + word_size_ > object.size()) return;
    out.at[out.count++] = static_cast<uint32_t>(place);
  }
}

TablePlaces VirtualTables::places(Bytes object) const {
  TablePlaces out;
  const bool windows = input_.process.os == snapshot::Os::windows;
  const uint64_t words =
      std::min<uint64_t>(object.size() / word_size_, windows ? kWordsInFront : 1);
  for (; out.count < words; ++out.count) {
    out.at[out.count] = static_cast<uint32_t>(out.count * word_size_);
  }
  out.own = out.count;
  if (!windows || object.size() > UINT32_MAX) return out;
  for (uint64_t i = 0; i < words; ++i) add_virtual_bases(object, i * word_size_, out);
  return out;
}

const VirtualTable* VirtualTables::at(uint64_t word, const TablePlaces& places,
                                      size_t index) const {
  const VirtualTable* table = at(word);
  if (!table) return nullptr;
  if (table->offset == kInVirtualBase) return index >= places.own ? table : nullptr;
  return table->offset == places.at[index] ? table : nullptr;
}

}  // namespace inquest::objects
