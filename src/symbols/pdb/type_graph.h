/// Types of a PDB by index, as values.
///
/// One thread at a time. Damaged records read as unknown types.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "symbols/pdb/type_layout.h"
#include "symbols/pdb/type_records.h"
#include "symbols/types.h"

namespace inquest::symbols::pdb {

class TypeGraph {
 public:
  explicit TypeGraph(std::shared_ptr<const Msf> msf)
      : msf_(msf), records_(std::move(msf), kTpiStream) {}

  bool empty() const { return records_.end_index() == records_.first_index(); }
  Type type(uint32_t index);
  std::vector<Member> members(uint32_t index);
  std::vector<Enumerator> enumerators(uint32_t index);
  /// The complete type of this name; 0 when none.
  uint32_t find(std::string_view name);
  /// The complete classes of a template. Reads all records, once for all templates.
  std::vector<uint32_t> instances(std::string_view template_name);
  /// What a function of this type returns; 0 when it is the type of no function.
  uint32_t result_type(uint32_t function_type);
  /// Parameters of a function's type, without `this`.
  uint32_t parameter_count(uint32_t function_type);

 private:
  Type type(uint32_t index, size_t depth);
  Type modified(Cursor cursor, size_t depth);
  Type pointer(Cursor cursor, size_t depth);
  Type array(Cursor cursor, size_t depth);
  Type tagged(uint32_t index, const Record& record);
  /// The definition of what may be declared only.
  uint32_t definition(uint32_t index);
  uint32_t lookup(const Tag& declared);
  template <class Each>
  void each_field(uint32_t list, Each each);
  void set_bits(Member& member);

  std::shared_ptr<const Msf> msf_;
  TypeRecords records_;
  std::optional<std::unordered_map<std::string, std::vector<uint32_t>>> templates_;
  std::unordered_map<uint32_t, uint32_t> definitions_;
};

}  // namespace inquest::symbols::pdb
