/// Which type an object is, by the pointer to its virtual table.
///
/// Itanium ABI: the run-time type information in front of the table, in the image or in memory,
/// with or without symbols; without it (-fno-rtti) the table's symbol. Microsoft's: the `??_7`
/// symbol, or the RTTICompleteObjectLocator in front of the table. Sources: Itanium C++ ABI 2.5.2
/// (two words in front of the address point: offset to top, type_info), 5.1.4.1 (names);
/// ehdata_forceinclude.h and rttidata.h of Visual C++ (locator: signature, offset, constructor
/// displacement, type descriptor, class hierarchy, self: RVAs on 64 bit, addresses on 32).
///
/// There are few tables and many pointers: `prepare` looks at the words once, afterwards a look-up
/// is a hash hit, safe from any thread.
#pragma once

#include <array>
#include <unordered_map>
#include <vector>

#include "objects/types/type_table.h"

namespace inquest::objects {

/// Of a table that symbols name, for a virtual base: only the object's own vbtable says where the
/// pointer to it lies.
inline constexpr uint32_t kInVirtualBase = UINT32_MAX;

struct VirtualTable {
  TypeIndex type = 0;      ///< of the full object; 0: it is no virtual table
  How how = How::unknown;  ///< virtual_table or rtti
  uint8_t percent = 0;
  uint32_t offset = 0;  ///< where in the full object the pointer to this table lies
};

/// Where in a block the pointer to a virtual table of its object may lie.
struct TablePlaces {
  std::array<uint32_t, 12> at = {};
  size_t count = 0;
  size_t own = 0;  ///< the first so many are words of the object's begin, the others virtual bases
};

class VirtualTables {
 public:
  /// Borrows both.
  VirtualTables(const TypingInput& input, TypeTable& types);

  /// Whether a word can be one: an aligned address in a module.
  bool can_be(uint64_t word) const {
    if (word - low_ >= span_ || word % word_size_ != 0) return false;
    return in_module(word);
  }
  /// Looks at a word that can be one. Not thread-safe.
  void prepare(uint64_t word);
  /// Null: none, or it was not prepared.
  const VirtualTable* at(uint64_t word) const {
    auto found = known_.find(word);
    return found == known_.end() || found->second.type == 0 ? nullptr : &found->second;
  }
  bool is_prepared(uint64_t word) const { return known_.contains(word); }
  /// The first words; with Microsoft's ABI also where its virtual bases begin.
  TablePlaces places(Bytes object) const;
  /// The same by a word of an object and its place among `places`: the table, if it belongs there.
  const VirtualTable* at(uint64_t word, const TablePlaces& places, size_t index) const;

 private:
  bool in_module(uint64_t word) const;
  const ModuleTypes* module_at(uint64_t word) const;
  bool is_code(uint64_t address) const;
  VirtualTable itanium(uint64_t word, const ModuleTypes* module);
  VirtualTable microsoft(uint64_t word, const ModuleTypes* module);
  VirtualTable microsoft_by_symbol(uint64_t word, const ModuleTypes& module);
  std::optional<uint32_t> place_of(TypeIndex type, std::string_view base);
  void add_virtual_bases(Bytes object, uint64_t at, TablePlaces& out) const;

  const TypingInput& input_;
  TypeTable& types_;
  unsigned word_size_;
  uint64_t low_ = 0, span_ = 0;
  std::unordered_map<uint64_t, VirtualTable> known_;
};

}  // namespace inquest::objects
