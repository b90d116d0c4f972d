/// The types of a module by id: where their DIEs are, what they are called, where the complete one
/// is. Includes LLVM: only for the .cc files of this folder. One thread at a time.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "symbols/code_layout.h"
#include "symbols/dwarf/die_index.h"
#include "symbols/dwarf/dies.h"
#include "symbols/dwarf/unit_map.h"
#include "symbols/types.h"

namespace inquest::symbols {

class TypeStore {
 public:
  explicit TypeStore(const locate::ModuleFiles& files);

  Dies& dies() { return dies_; }
  const CodeLayout& layout() const { return layout_; }
  const locate::ModuleFiles& files() const { return files_; }

  /// Drops what was read when it has grown large. DIEs obtained before are invalid afterwards:
  /// called at the start of each question.
  void trim();

  TypeId id_of(const llvm::DWARFDie& die);
  llvm::DWARFDie die_of(TypeId id);
  /// The definition of a declared type, where there is one; else the DIE itself.
  llvm::DWARFDie complete(llvm::DWARFDie die);
  llvm::DWARFDie type_attribute(llvm::DWARFDie die);

  /// As C++ writes it: "const game::Guild*", "int [4]", "void (*)(int)".
  std::string name(const llvm::DWARFDie& type, size_t depth = 0);

  /// The complete type of a qualified name; 0 when none.
  TypeId find(std::string_view qualified_name);
  /// Of all units; made when first asked. `find` uses it from then on.
  const DieIndex& index();

  using Each = std::function<bool(const llvm::DWARFDie&)>;
  /// Calls with DIEs of that DW_AT_name, in any unit, until `each` says false. Bounded work.
  void each_named(std::string_view name, const Each& each);
  /// Calls with the variables whose specification or abstract origin `die` is.
  void each_definition_of(const llvm::DWARFDie& die, const Each& each);
  /// Calls with every DIE of the split unit of a skeleton.
  void each_in_skeleton(uint64_t offset, const Each& each);
  /// Calls with the variables at a virtual address.
  void each_variable_at(uint64_t vaddr, const Each& each);

  /// First DIE of the unit (its split part) that describes the code at `rva`; invalid when none.
  llvm::DWARFDie root_at(uint32_t rva);

 private:
  struct Source {
    llvm::DWARFContext* context;
    Bytes info;
    bool types_section;
  };

  llvm::DWARFDie root(llvm::DWARFUnit& unit);
  llvm::DWARFUnit* unit_in(llvm::DWARFContext& context, uint64_t offset, bool types_section,
                           bool split);
  bool visit_hit(llvm::DWARFUnit* unit, uint64_t hit, std::string_view name, const Each& each);
  bool visit_unit(llvm::DWARFUnit* unit, std::string_view name, const Each& each);
  bool each_by_index(std::string_view name, const std::vector<uint64_t>& strings, const Each& each);
  const std::vector<UnitBases>& bases();

  locate::ModuleFiles files_;
  DwarfFile debug_;
  CodeLayout layout_;
  Dies dies_;
  std::optional<UnitMap> map_;
  std::optional<DieIndex> index_;
  std::optional<std::vector<UnitBases>> bases_;
  std::unordered_map<std::string, TypeId> found_;
  std::vector<uint64_t> skeletons_;                         // by number, their unit offsets
  std::map<uint64_t, uint64_t> skeleton_numbers_;           // by unit offset
  std::map<llvm::DWARFContext*, uint64_t> split_contexts_;  // -> skeleton number; while read
  uint64_t budget_ = 0;
};

}  // namespace inquest::symbols
