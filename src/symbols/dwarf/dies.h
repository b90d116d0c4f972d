/// The debug information entries of a module, over LLVM, with what LLVM leaves out: dwz's
/// alternate file. Includes LLVM: only for the .cc files of this folder.
///
/// For one thread at a time. DIEs are valid until `release`.
#pragma once

#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "locate/locate.h"
#include "symbols/dwarf/split_units.h"
#include "symbols/dwarf/unit_check.h"

namespace inquest::symbols {

class Dies {
 public:
  /// A file with DWARF must be there.
  explicit Dies(const locate::ModuleFiles& files);

  llvm::DWARFContext& context() { return *main_; }
  llvm::DWARFContext* alternate() { return alternate_.get(); }

  /// The unit that begins at an offset of .debug_info; null when none does.
  llvm::DWARFUnit* unit(uint64_t offset);
  /// The unit's first DIE, in the split unit where there is one. `missing_dwo` is set to its name
  /// when the split unit was not found. All DIEs of the unit are read.
  llvm::DWARFDie root(llvm::DWARFUnit& unit, std::string* missing_dwo = nullptr);

  /// Whether LLVM may read the unit's first DIE, or all of them: see lies_inside.
  bool readable(const llvm::DWARFUnit& unit, UnitPart part);
  /// The first DIE of a unit; invalid when damaged.
  llvm::DWARFDie head(llvm::DWARFUnit& unit);
  /// All DIEs of a unit, in their order; none when damaged.
  llvm::ArrayRef<llvm::DWARFDebugInfoEntry> entries(llvm::DWARFUnit& unit);
  /// The DIE at an offset; invalid when none begins there or the unit is damaged.
  llvm::DWARFDie die_at(llvm::DWARFUnit& unit, uint64_t offset);
  /// Whether the unit's tables are what its first DIE says. LLVM reads a unit whose tables are
  /// damaged without its location table, and then trusts that it is there.
  bool sound(llvm::DWARFUnit& unit);
  /// The line table; null when absent or damaged. Valid until `release`.
  const llvm::DWARFDebugLine::LineTable* lines(llvm::DWARFUnit& unit);

  /// What an attribute refers to, in whatever unit or file; invalid when absent or damaged.
  llvm::DWARFDie referenced(const llvm::DWARFDie& die, llvm::dwarf::Attribute attribute);
  /// Empty when absent or damaged. Borrowed from the files.
  std::string_view string(const llvm::DWARFDie& die, llvm::dwarf::Attribute attribute);
  /// Follows abstract origins and specifications to the first that has the attribute.
  std::string_view inherited_string(llvm::DWARFDie die, llvm::dwarf::Attribute attribute);

  /// "ns::Class::" before a DIE's own name, by its parents; empty at the top.
  std::string scope(const llvm::DWARFDie& die);
  /// The name with its scope; the declaration's scope where the DIE has a specification.
  std::string qualified_name(const llvm::DWARFDie& die);

  /// Marks a unit whose DIEs were read.
  void touch(llvm::DWARFUnit* unit);
  /// Drops the DIEs and line tables of all units that were read.
  void release();
  /// Bytes of the units read since the last release; their DIEs take two to three times as much.
  uint64_t touched_bytes() const { return touched_bytes_; }

 private:
  std::unique_ptr<llvm::DWARFContext> main_, alternate_;
  SplitUnits splits_;
  std::set<llvm::DWARFUnit*> touched_, touched_splits_, sound_;
  std::map<const llvm::DWARFUnit*, bool> readable_heads_, readable_;
  uint64_t touched_bytes_ = 0;
};

/// Swallows an LLVM error: damaged debug information reads as absent.
inline void ignore(llvm::Error error) { llvm::consumeError(std::move(error)); }

}  // namespace inquest::symbols
